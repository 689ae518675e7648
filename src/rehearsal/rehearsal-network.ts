/** Where a rehearsal takes place. */
export interface RehearsalNetwork {
  /** One sentence for people: which network, and why this one. */
  readonly description: string;
  readonly server: {
    readonly interfaceName: string;
    /** Dotted quad. */
    readonly address: string;
    readonly subnet: string;
    /** `first-last` */
    readonly pool: string;
    readonly dhcpPort: number;
    readonly proxyPort: number;
    readonly tftpPort: number;
    readonly httpPort: number;
    /** Starts a command where the daemon is to run. */
    readonly argv: (command: readonly string[]) => readonly string[];
  };
  readonly machines: {
    readonly interfaceName: string;
    readonly argv: (command: readonly string[]) => readonly string[];
  };
  /** Removes it, with whatever still runs in it. Never rejects. */
  close(): Promise<void>;
}
