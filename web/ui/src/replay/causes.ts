/** Why something was not recorded, in words; an unknown cause is shown as the recorder wrote it. */
import { t } from "../shared/i18n";

export function causeOf(code: string): string {
  const known: Record<string, () => string> = {
    power_or_kill: () => t("power cut or restart"),
    lost: () => t("the device was lost"),
    device_lost: () => t("the device was lost"),
    stalled: () => t("the device gave nothing"),
    overrun: () => t("part of the sound was lost under load"),
    disk_full: () => t("the disk was full"),
    disk_failed: () => t("the disk failed"),
    late_start: () => t("the device started later"),
    source_ended: () => t("the original file is shorter than the others"),
    source_damaged: () => t("the original file is damaged"),
  };
  return known[code]?.() ?? code.replaceAll("_", " ");
}
