/* A citizen's photo is made smaller on the telephone before it is sent: it leaves in seconds, also on a slow network, and
   where it was taken stays on the telephone. Without this script the server takes it as it is, and removes the place. */
(() => {
  "use strict";
  const LONGEST = 1600, QUALITY = 0.82;
  document.addEventListener("change", async (event) => {
    const input = event.target;
    if (!(input instanceof HTMLInputElement) || !input.matches("input[type=file][data-shrink]")) return;
    const file = input.files?.[0];
    if (!file || !/^image\/(jpeg|webp)$/.test(file.type) || !globalThis.createImageBitmap) return;
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale); canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      picture.close();
      const small = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
      if (!small || small.size >= file.size || input.files?.[0] !== file) return;
      const files = new DataTransfer();
      files.items.add(new File([small], `${file.name.replace(/\.\w+$/, "")}.jpg`, { type: "image/jpeg" }));
      input.files = files.files;
    } catch { /* a picture that the browser cannot read goes to the server, which says what is wrong with it */ }
  });
})();
