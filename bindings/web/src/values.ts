import { text, unhex } from "./bytes.js";

/** What a device says about itself. */
export interface DeviceInfo {
  readonly version: string;
  /** Its security scheme: 0, 1 or 2; missing where old firmware does not say. */
  readonly security?: number;
  readonly patch?: number;
  readonly capabilities: readonly string[];
  readonly apps: readonly { readonly label: string; readonly version: string }[];
}

/** A Wi-Fi network that the device hears. */
export interface AccessPoint {
  /** Its name; empty for a hidden network. A name that is no text has replacement characters: `ssidBytes` are what is sent. */
  readonly ssid: string;
  readonly ssidBytes: Uint8Array;
  readonly bssid: string;
  readonly channel: number;
  /** Signal strength in dBm. */
  readonly rssi: number;
  readonly auth: string;
  /** Joining needs a secret. */
  readonly private: boolean;
  /** The device is on it right now. */
  readonly active: boolean;
}

/** A Thread network that the device hears. */
export interface ThreadNetwork {
  readonly name: string;
  readonly panId: number;
  readonly extPanId: string;
  readonly channel: number;
  readonly rssi: number;
  readonly lqi: number;
}

/**
 * How provisioning ended well: the device said that it is online; or it went away as devices do that are; or it went away without a
 * word, and may be.
 */
export type Outcome = "connected" | "likely_connected" | "unconfirmed";

/** What became of a device that was given a Wi-Fi network. */
export interface Provisioned {
  readonly outcome: Outcome;
  readonly ssid: string;
  readonly ip?: string;
  readonly channel?: number;
}

/** What became of a device that was given a Thread network. */
export interface ThreadProvisioned {
  readonly outcome: Outcome;
  readonly networkName?: string;
  readonly panId?: number;
  readonly channel?: number;
}

/** State of a device's Wi-Fi station. */
export interface WifiStatus {
  readonly state: "connected" | "connecting" | "failed" | "disconnected";
  readonly reason?: "auth_error" | "network_not_found" | "unknown";
  readonly attemptsRemaining?: number;
  readonly ssid?: string;
  readonly ip?: string;
  readonly channel?: number;
}

/** State of a device's Thread interface. */
export interface ThreadStatus {
  readonly state: "connected" | "connecting" | "failed" | "disconnected";
  readonly reason?: "dataset_invalid" | "network_not_found" | "unknown";
  readonly networkName?: string;
  readonly panId?: number;
  readonly channel?: number;
}

/** Something happened during a call. Holds no secret. */
export interface Event {
  readonly name:
    | "info"
    | "session"
    | "config_sent"
    | "config_applied"
    | "connecting"
    | "link_lost"
    | "answer_lost"
    | "reconnecting"
    | "session_taken"
    | "stranger"
    | "scanning"
    | "entries_skipped"
    | "active_unknown"
    | "other";
  /** The scheme of a `session`. */
  readonly security?: number;
  /** When `connecting`. */
  readonly attemptsRemaining?: number;
  /** Networks found so far, when `scanning`. */
  readonly count?: number;
  /** The step under way, in words. */
  readonly phase?: string;
}

/** What is in a setup code. */
export interface SetupCode {
  readonly ver: string;
  readonly name: string;
  readonly username?: string;
  readonly pop?: string;
  readonly transport: "ble" | "softap";
  readonly password?: string;
  readonly security?: string;
  readonly network: "wifi" | "thread";
}

/** @internal The names of networks travel in hex. */
export function withName<T extends { ssid: string }>(value: T): T & { ssidBytes: Uint8Array } {
  const ssidBytes = unhex(value.ssid);
  return { ...value, ssid: text(ssidBytes), ssidBytes };
}
