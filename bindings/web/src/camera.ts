/** As much of the Barcode Detection API as is used: TypeScript's library has none of it. */
interface Detector {
  detect(image: HTMLVideoElement): Promise<{ readonly rawValue: string }[]>;
}
declare const BarcodeDetector:
  | { new (options: { formats: string[] }): Detector; getSupportedFormats(): Promise<string[]> }
  | undefined;

/** This browser reads QR codes, and the page may use the camera. */
export async function canScan(): Promise<boolean> {
  if (typeof BarcodeDetector === "undefined" || !navigator.mediaDevices) return false;
  const formats = await BarcodeDetector.getSupportedFormats().catch((): string[] => []);
  return formats.includes("qr_code");
}

/** Shows the camera in `video` until a QR code is seen; its text. The camera is off again afterwards. */
export async function scanCode(video: HTMLVideoElement, signal: AbortSignal): Promise<string> {
  if (typeof BarcodeDetector === "undefined") throw new Error("this browser reads no QR codes");
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    for (;;) {
      signal.throwIfAborted();
      const [code] = await detector.detect(video);
      if (code) return code.rawValue;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
