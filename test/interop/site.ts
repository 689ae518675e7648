import { Daemon, type DaemonConfiguration } from '../harness/daemon.ts';
import { type Namespace, TestNetwork } from '../harness/namespace.ts';

export const SERVER = '10.77.0.1';

/** The boot network of these tests as a site would write it. */
export const SITE: DaemonConfiguration & { dhcp: object; subnets: Record<string, object> } = {
  site: { domain: 'pod1.example.com' },
  interfaces: { eno2: { address: SERVER, dhcp: 'authoritative', tftp: true, http: true } },
  subnets: {
    '10.77.0.0/24': {
      interface: 'eno2',
      pools: ['10.77.0.100-10.77.0.199'],
      leaseTime: '1h',
      options: { routers: [SERVER], domainNameServers: [SERVER], domainName: 'pod1.example.com' },
    },
  },
  // Only the tests about other DHCP servers want their own host to be asked.
  dhcp: { probeInterval: '0s' },
};

/** One server and a link that clients are plugged into. */
export class Site implements AsyncDisposable {
  readonly network = new TestNetwork();
  readonly server: Namespace;
  readonly plugIn: ReturnType<TestNetwork['switch']>;
  #daemon: Daemon | undefined;
  #clients = 0;

  constructor() {
    this.server = this.network.namespace('server');
    this.plugIn = this.network.switch('switch');
    this.plugIn({ namespace: this.server, name: 'eno2', address: `${SERVER}/24` });
  }

  static async up(
    configuration: DaemonConfiguration = SITE,
    files: Readonly<Record<string, Uint8Array | string>> = {},
  ): Promise<Site> {
    const site = new Site();
    try {
      site.#daemon = await Daemon.start(site.server, configuration, files);
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
    return site;
  }

  get daemon(): Daemon {
    if (this.#daemon === undefined) throw new Error('this site has no daemon');
    return this.#daemon;
  }

  set daemon(daemon: Daemon) {
    this.#daemon = daemon;
  }

  /** A host on the link with one interface, `eno1`. */
  client(mac?: string, address?: string): Namespace {
    this.#clients += 1;
    const namespace = this.network.namespace(`client${this.#clients}`);
    this.plugIn({
      namespace,
      name: 'eno1',
      ...(mac === undefined ? {} : { mac }),
      ...(address === undefined ? {} : { address }),
    });
    return namespace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.remove();
    this.network.destroy();
  }
}
