"""Ask an address again and again. Usage: URL COUNT PAUSE_SECONDS"""

import sys
import time
import urllib.request

for _ in range(int(sys.argv[2])):
    urllib.request.urlopen(sys.argv[1]).read()
    time.sleep(float(sys.argv[3]))
