/** Why something was not recorded, in words; an unknown cause is shown as the recorder wrote it. */
import { t } from "../shared/i18n";

export function causeOf(code: string): string {
  const known: Record<string, () => string> = {
    power_or_kill: () => t("power cut or restart"),
    device_lost: () => t("the device was lost"),
    source_lost: () => t("the device was lost"),
    lost: () => t("the device was lost"),
    no_bytes: () => t("the device gave nothing"),
    hang: () => t("the device gave nothing"),
    start: () => t("the device started later"),
    late_start: () => t("the device started later"),
    capture_died: () => t("the recording program of the device stopped"),
    disk_full: () => t("the disk was full"),
  };
  return known[code]?.() ?? code.replaceAll("_", " ");
}
