/** Why something was not recorded, in words; an unknown cause is shown as the recorder wrote it. */
import { t } from "./i18n";

export function causeOf(code: string): string {
  const known: Record<string, () => string> = {
    power_or_kill: () => t("power cut or restart"),
    restart: () => t("the recorder was restarted"),
    starting: () => t("the device gave nothing yet"),
    not_opened: () => t("the device did not answer"),
    source_unavailable: () => t("the device did not answer"),
    source_refused: () => t("the camera refused access"),
    source_format: () => t("the device gives data of an unfit kind"),
    source_lost: () => t("the device was lost"),
    no_bytes: () => t("the device gave nothing"),
    frozen: () => t("the device's program hung"),
    killed: () => t("the device's program was stopped"),
    exited: () => t("the device's program was stopped"),
    no_process: () => t("the device's program did not start"),
    bad_report: () => t("the device's program failed"),
    capture_behind: () => t("the disk or the processor is too slow"),
    dropped: () => t("part of the data was lost"),
    file_ended: () => t("the source's file ended"),
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
