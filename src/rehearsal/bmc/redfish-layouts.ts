/** How the resources of a BMC lie, as far as makers differ in it. */
export interface RedfishLayout {
  readonly systemId: string;
  readonly managerId: string;
  readonly chassisId: string;
  /** Last word of the resource that takes the boot override; undefined: the system itself takes it. */
  readonly settingsId: string | undefined;
  /** A second system beside the host, listed before it. */
  readonly baseboardId: string | undefined;
  readonly hasBootMode: boolean;
  readonly etags: 'none' | 'weak' | 'strong';
  readonly wantsIfMatch: boolean;
  readonly manufacturer: string;
  readonly model: string;
  readonly bmcFirmware: string;
  /** OpenBMC numbers its entries by the time. */
  readonly logIds: 'numbers' | 'times';
}

/** DGX H100 and its like: AMI MegaRAC. */
export const AMI_DGX: RedfishLayout = {
  systemId: 'DGX',
  managerId: 'BMC',
  chassisId: 'DGX',
  settingsId: 'SD',
  baseboardId: 'HGX_Baseboard_0',
  hasBootMode: true,
  etags: 'weak',
  wantsIfMatch: true,
  manufacturer: 'NVIDIA',
  model: 'DGXH100',
  bmcFirmware: '24.09.17',
  logIds: 'numbers',
};

/** GB200 and GB300: OpenBMC. */
export const GBX00: RedfishLayout = {
  systemId: 'System_0',
  managerId: 'BMC_0',
  chassisId: 'Chassis_0',
  settingsId: 'Settings',
  baseboardId: 'HGX_Baseboard_0',
  hasBootMode: false,
  etags: 'none',
  wantsIfMatch: false,
  manufacturer: 'NVIDIA',
  model: 'GB200 NVL',
  bmcFirmware: 'GB200Nvl-24.10-9',
  logIds: 'times',
};

/** Everybody else's: one system that takes its own override. */
export const PLAIN: RedfishLayout = {
  systemId: '1',
  managerId: '1',
  chassisId: '1',
  settingsId: undefined,
  baseboardId: undefined,
  hasBootMode: true,
  etags: 'strong',
  wantsIfMatch: false,
  manufacturer: 'Example',
  model: 'Server',
  bmcFirmware: '1.2.3',
  logIds: 'numbers',
};
