/** How an option's value is written in the configuration and on the wire; `option-values.ts` has both. */
export type OptionType =
  | 'ipv4'
  | 'ipv4-list'
  | 'string'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'int32'
  | 'boolean'
  | 'hex'
  | 'domain-list'
  | 'classless-routes';

export interface OptionDefinition {
  readonly code: number;
  /** As in podboot.yaml. */
  readonly name: string;
  readonly type: OptionType;
}

/**
 * IANA's "BOOTP Vendor Extensions and DHCP Options", under the names that podboot.yaml uses. What has a structure of
 * its own and no type here is `hex`.
 */
const TABLE = {
  subnetMask: [1, 'ipv4'],
  timeOffset: [2, 'int32'],
  routers: [3, 'ipv4-list'],
  timeServers: [4, 'ipv4-list'],
  nameServers: [5, 'ipv4-list'],
  domainNameServers: [6, 'ipv4-list'],
  logServers: [7, 'ipv4-list'],
  quoteServers: [8, 'ipv4-list'],
  printServers: [9, 'ipv4-list'],
  impressServers: [10, 'ipv4-list'],
  resourceLocationServers: [11, 'ipv4-list'],
  hostName: [12, 'string'],
  bootFileBlocks: [13, 'uint16'],
  meritDumpFile: [14, 'string'],
  domainName: [15, 'string'],
  swapServer: [16, 'ipv4'],
  rootPath: [17, 'string'],
  extensionsPath: [18, 'string'],
  ipForwarding: [19, 'boolean'],
  nonLocalSourceRouting: [20, 'boolean'],
  policyFilters: [21, 'ipv4-list'],
  maxDatagramReassembly: [22, 'uint16'],
  defaultIpTtl: [23, 'uint8'],
  pathMtuAgingTimeout: [24, 'uint32'],
  pathMtuPlateaus: [25, 'hex'],
  interfaceMtu: [26, 'uint16'],
  allSubnetsLocal: [27, 'boolean'],
  broadcastAddress: [28, 'ipv4'],
  performMaskDiscovery: [29, 'boolean'],
  maskSupplier: [30, 'boolean'],
  performRouterDiscovery: [31, 'boolean'],
  routerSolicitationAddress: [32, 'ipv4'],
  staticRoutes: [33, 'ipv4-list'],
  trailerEncapsulation: [34, 'boolean'],
  arpCacheTimeout: [35, 'uint32'],
  ethernetEncapsulation: [36, 'boolean'],
  defaultTcpTtl: [37, 'uint8'],
  tcpKeepaliveInterval: [38, 'uint32'],
  tcpKeepaliveGarbage: [39, 'boolean'],
  nisDomain: [40, 'string'],
  nisServers: [41, 'ipv4-list'],
  ntpServers: [42, 'ipv4-list'],
  vendorSpecific: [43, 'hex'],
  netbiosNameServers: [44, 'ipv4-list'],
  netbiosDatagramServers: [45, 'ipv4-list'],
  netbiosNodeType: [46, 'uint8'],
  netbiosScope: [47, 'string'],
  xFontServers: [48, 'ipv4-list'],
  xDisplayManagers: [49, 'ipv4-list'],
  requestedAddress: [50, 'ipv4'],
  leaseTime: [51, 'uint32'],
  overload: [52, 'uint8'],
  messageType: [53, 'uint8'],
  serverIdentifier: [54, 'ipv4'],
  parameterRequestList: [55, 'hex'],
  message: [56, 'string'],
  maxMessageSize: [57, 'uint16'],
  renewalTime: [58, 'uint32'],
  rebindingTime: [59, 'uint32'],
  vendorClass: [60, 'string'],
  clientIdentifier: [61, 'hex'],
  netwareDomain: [62, 'string'],
  netwareOptions: [63, 'hex'],
  nisPlusDomain: [64, 'string'],
  nisPlusServers: [65, 'ipv4-list'],
  tftpServerName: [66, 'string'],
  bootFileName: [67, 'string'],
  mobileIpHomeAgents: [68, 'ipv4-list'],
  smtpServers: [69, 'ipv4-list'],
  pop3Servers: [70, 'ipv4-list'],
  nntpServers: [71, 'ipv4-list'],
  wwwServers: [72, 'ipv4-list'],
  fingerServers: [73, 'ipv4-list'],
  ircServers: [74, 'ipv4-list'],
  streetTalkServers: [75, 'ipv4-list'],
  streetTalkDirectoryServers: [76, 'ipv4-list'],
  userClass: [77, 'hex'],
  slpDirectoryAgents: [78, 'hex'],
  slpServiceScope: [79, 'hex'],
  rapidCommit: [80, 'hex'],
  clientFqdn: [81, 'hex'],
  relayAgentInformation: [82, 'hex'],
  isns: [83, 'hex'],
  ndsServers: [85, 'ipv4-list'],
  ndsTreeName: [86, 'string'],
  ndsContext: [87, 'string'],
  bcmcsDomains: [88, 'domain-list'],
  bcmcsServers: [89, 'ipv4-list'],
  authentication: [90, 'hex'],
  clientLastTransactionTime: [91, 'uint32'],
  associatedAddresses: [92, 'ipv4-list'],
  clientArchitecture: [93, 'hex'],
  clientNdi: [94, 'hex'],
  ldapUrl: [95, 'string'],
  clientMachineId: [97, 'hex'],
  userAuthenticationUrl: [98, 'string'],
  civicLocation: [99, 'hex'],
  posixTimezone: [100, 'string'],
  tzdbTimezone: [101, 'string'],
  ipv6OnlyWait: [108, 'uint32'],
  netinfoServers: [112, 'ipv4-list'],
  netinfoTag: [113, 'string'],
  captivePortal: [114, 'string'],
  autoConfigure: [116, 'boolean'],
  nameServiceSearch: [117, 'hex'],
  subnetSelection: [118, 'ipv4'],
  domainSearch: [119, 'domain-list'],
  sipServers: [120, 'hex'],
  classlessRoutes: [121, 'classless-routes'],
  cableLabsClient: [122, 'hex'],
  geoConf: [123, 'hex'],
  viVendorClass: [124, 'hex'],
  viVendorSpecific: [125, 'hex'],
  panaAgents: [136, 'ipv4-list'],
  lostServer: [137, 'hex'],
  capwapControllers: [138, 'ipv4-list'],
  sipUserAgentDomains: [141, 'domain-list'],
  andsfServers: [142, 'ipv4-list'],
  sztpRedirect: [143, 'hex'],
  geoLocation: [144, 'hex'],
  forceRenewNonce: [145, 'hex'],
  rdnssSelection: [146, 'hex'],
  tftpServerAddress: [150, 'ipv4-list'],
  statusCode: [151, 'hex'],
  v4PortParameters: [159, 'hex'],
  mudUrl: [161, 'string'],
  encryptedDns: [162, 'hex'],
  ipxeEncapsulated: [175, 'hex'],
  pxelinuxMagic: [208, 'hex'],
  pxelinuxConfigFile: [209, 'string'],
  pxelinuxPathPrefix: [210, 'string'],
  pxelinuxRebootTime: [211, 'uint32'],
  sixRd: [212, 'hex'],
  accessNetworkDomain: [213, 'hex'],
  subnetAllocation: [220, 'hex'],
  virtualSubnetSelection: [221, 'hex'],
} as const satisfies Record<string, readonly [code: number, type: OptionType]>;

export type OptionName = keyof typeof TABLE;

/** Codes by name, for code that reads and writes options: `OptionCode.leaseTime` is 51. */
export const OptionCode = Object.freeze(
  Object.fromEntries(Object.entries(TABLE).map(([name, [code]]) => [name, code])),
) as { readonly [Name in OptionName]: (typeof TABLE)[Name][0] };

export const optionDefinitions: readonly OptionDefinition[] = Object.entries(TABLE).map(([name, [code, type]]) => ({
  code,
  name,
  type,
}));

const byName = new Map(optionDefinitions.map((definition) => [definition.name, definition]));
const byCode = new Map(optionDefinitions.map((definition) => [definition.code, definition]));

export function optionByName(name: string): OptionDefinition | undefined {
  return byName.get(name);
}

export function optionByCode(code: number): OptionDefinition | undefined {
  return byCode.get(code);
}

const OF_THE_CLIENT = 'it is sent by clients, never to them';
const OF_THE_LEASE = 'it comes from the lease: set leaseTime, renewTime or rebindTime of the subnet or of dhcp';

const NOT_CONFIGURABLE: ReadonlyMap<number, string> = new Map([
  [0, 'it is the padding of a message'],
  [1, "it comes from the subnet's own prefix length"],
  [50, OF_THE_CLIENT],
  [51, OF_THE_LEASE],
  [52, 'podboot sets it where a message needs the room'],
  [53, 'podboot sets it in every answer'],
  [54, "it is podboot's own address on the interface: set the interface's address"],
  [55, OF_THE_CLIENT],
  [56, 'podboot says there why it refuses an address'],
  [57, OF_THE_CLIENT],
  [58, OF_THE_LEASE],
  [59, OF_THE_LEASE],
  [60, 'podboot answers PXEClient or HTTPClient, whichever the firmware needs'],
  [61, OF_THE_CLIENT],
  [77, OF_THE_CLIENT],
  [80, 'podboot commits each lease before its ACK, so there is no rapid commit'],
  [81, 'podboot answers it for each client'],
  [82, "it is the relay's own and goes back to it as it came"],
  [90, 'podboot would have to sign each message'],
  [91, OF_THE_CLIENT],
  [92, 'it is for lease queries'],
  [93, OF_THE_CLIENT],
  [94, OF_THE_CLIENT],
  [97, "it is the machine's own and goes back to it as it came"],
  [118, OF_THE_CLIENT],
  [124, OF_THE_CLIENT],
  [145, OF_THE_CLIENT],
  [255, 'it is the end of a message'],
]);

/**
 * Why an operator may not set this option, as the end of a sentence ("… can't be set: <reason>"). Undefined for one
 * that may be set.
 */
export function whyNotConfigurable(code: number): string | undefined {
  return NOT_CONFIGURABLE.get(code);
}
