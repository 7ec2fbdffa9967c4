"""The peer Django Channels: a group of WebSocket consumers, one message sent to all. Usage: PORT"""

import json
import sys
import time

from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10000}}},
)
import django  # noqa: E402

django.setup()
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from daphne.server import Server  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


class Listener(AsyncWebsocketConsumer):
    async def connect(self):
        await self.channel_layer.group_add("all", self.channel_name)
        await self.accept()

    async def disconnect(self, code):
        await self.channel_layer.group_discard("all", self.channel_name)

    async def told(self, event):
        await self.send(text_data=event["text"])


async def send(request):
    text = json.dumps({"type": "bench.told.v1", "data": {"sent": time.time(), "pad": "x" * 200, "end": {}}})
    await get_channel_layer().group_send("all", {"type": "told", "text": text})
    return HttpResponse("ok")


urlpatterns = [path("send", send)]
application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("ws", Listener.as_asgi())])}
)

if __name__ == "__main__":
    Server(
        application=application, endpoints=[f"tcp:port={sys.argv[1]}:interface=127.0.0.1"], signal_handlers=True
    ).run()
