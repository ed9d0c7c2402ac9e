/** Provision ESP32 devices from a page or from Node.js. */
export { bluetooth, hasBluetooth, type BluetoothOptions } from "./bluetooth.js";
export { connect, type CallOptions, type ConnectOptions, Device } from "./device.js";
export { EspprovError, type ErrorKind } from "./errors.js";
export { LinkError, type Fault, type FaultDetails } from "./fault.js";
export { http } from "./http.js";
export type { Exchange, Limits, Link, LinkKind } from "./link.js";
export { hasSerial, serial, type SerialOptions } from "./serial.js";
export { readSetupCode } from "./setup.js";
export { loadSimulator, simulator, type SimulatorLink } from "./simulator.js";
export type {
  AccessPoint,
  DeviceInfo,
  Event,
  Outcome,
  Provisioned,
  SetupCode,
  ThreadNetwork,
  ThreadProvisioned,
  ThreadStatus,
  WifiStatus,
} from "./values.js";
export { load } from "./wasm.js";
