import { BootDeviceSelector } from '../../codecs/ipmi/commands/boot-options.ts';
import type { DeviceId } from '../../codecs/ipmi/commands/device.ts';

/**
 * How BMCs of one maker, or of one product, depart from the specification. Data: a new one is a line of the table. Which cipher
 * suites a BMC lacks can't stand here, for its maker is known inside a session alone: that is learned of each BMC before the
 * first one (SessionOpener), or said by a person (`cipherSuite` of a node's BMC).
 */
export interface IpmiQuirk {
  /** IANA enterprise number, as Get Device ID has it. */
  readonly manufacturerId?: number;
  readonly productId?: number;
  /** Of the disk, where it is not the specification's 08. */
  readonly diskSelector?: number;
  /** The EFI bit of a network boot is taken for something else. */
  readonly ignoresEfiBit?: boolean;
  /** Commands that come faster than this make it fall over. */
  readonly minGapMs?: number;
  /** What it may take from the command until the chassis says that it is on. */
  readonly powerOnMs?: number;
  readonly why: string;
}

/** The first that fits counts: put what is special before what is general. */
export const IPMI_QUIRKS: readonly IpmiQuirk[] = [
  {
    manufacturerId: 10876,
    diskSelector: BootDeviceSelector.REMOTE_DISK,
    why: 'Supermicro: the UEFI disk is selector 24, not 08 (vendor FAQ 25559, as Ironic has it).',
  },
  {
    manufacturerId: 47488,
    diskSelector: BootDeviceSelector.REMOTE_DISK,
    why: 'Supermicro under its other number.',
  },
  {
    manufacturerId: 7244,
    powerOnMs: 200_000,
    why: 'Quanta (DGX-1, DGX-2): a reset takes 200 s until the chassis answers as on again.',
  },
  {
    manufacturerId: 20974,
    minGapMs: 200,
    why: 'AMI MegaRAC: sessions leak when commands come without a pause after a console was cut off.',
  },
];

export const NO_QUIRK: IpmiQuirk = { why: 'as the specification has it' };

export function quirkOf({ manufacturerId, productId }: DeviceId, table = IPMI_QUIRKS): IpmiQuirk {
  const found = table.find(
    (quirk) =>
      (quirk.manufacturerId === undefined || quirk.manufacturerId === manufacturerId) &&
      (quirk.productId === undefined || quirk.productId === productId),
  );
  return found ?? NO_QUIRK;
}
