import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Authority } from './certificates.ts';

export interface FakeNode {
  labels: Record<string, string>;
  unschedulable: boolean;
  ready: 'True' | 'False' | 'Unknown';
  gpus: number;
  resourceVersion: number;
}

export interface FakePod {
  readonly namespace: string;
  readonly name: string;
  readonly node?: string;
  readonly owner?: 'DaemonSet' | 'ReplicaSet';
  readonly isMirror?: boolean;
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  /** So many evictions are refused by a disruption budget. */
  budgetRefusals?: number;
  log?: string;
}

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: unknown;
}

type Json = Record<string, unknown>;

/**
 * A FAKE of the Kubernetes API: a few resources in memory behind TLS, just enough of them for the calls that podboot makes.
 * What it answers was learned from the API's reference and is tried with the real kubectl (test/interop/kubectl.test.ts).
 * It is no cluster: nothing here shows that pods run, that a scheduler obeys a cordon, or what a kubelet does.
 */
export class FakeKubernetes implements AsyncDisposable {
  readonly nodes = new Map<string, FakeNode>();
  readonly pods: FakePod[] = [];
  readonly asked: Asked[] = [];
  /** Answered in turn to requests whose method and path it fits, before anything is done. */
  readonly refusals: {
    readonly method: string;
    readonly path: RegExp;
    readonly status: number;
    readonly message: string;
  }[] = [];
  /** What is served of the eviction API. */
  policyVersions: readonly string[] = ['v1'];
  pageSize = 1_000;
  readonly #server: Server;
  readonly #token: string;

  private constructor(server: Server, token: string) {
    this.#server = server;
    this.#token = token;
  }

  static async start(authority: Authority, token = 'a-token-of-a-test'): Promise<FakeKubernetes> {
    const { cert, key } = authority.server;
    const server = createServer({ cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: false });
    const fake = new FakeKubernetes(server, token);
    server.on('request', (request, response) => void fake.#handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return fake;
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  addNode(name: string, node: Partial<FakeNode> = {}): FakeNode {
    const whole = { labels: {}, unschedulable: false, ready: 'True', gpus: 8, resourceVersion: 1, ...node } as FakeNode;
    this.nodes.set(name, whole);
    return whole;
  }

  addPod(pod: Partial<FakePod> & Pick<FakePod, 'name'>): FakePod {
    const whole: FakePod = { namespace: 'default', phase: 'Running', ...pod };
    this.pods.push(whole);
    return whole;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { method = 'GET', url = '/' } = request;
    this.asked.push({ method, path: url, contentType: request.headers['content-type'], body });
    const send = (status: number, answer: unknown) => {
      const isText = typeof answer === 'string';
      response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
      response.end(isText ? answer : JSON.stringify(answer));
    };
    if (!this.#isKnown(request)) return send(401, status(401, 'Unauthorized', 'Unauthorized'));
    const index = this.refusals.findIndex((each) => each.method === method && each.path.test(url));
    const refusal = this.refusals[index];
    if (refusal !== undefined) {
      this.refusals.splice(index, 1);
      return send(refusal.status, status(refusal.status, refusal.message, 'Refused'));
    }
    const { pathname, searchParams } = new URL(url, this.origin);
    const [code, answer] = this.#answer(method, pathname, searchParams, body);
    send(code, answer);
  }

  #isKnown(request: IncomingMessage): boolean {
    return request.headers.authorization === `Bearer ${this.#token}` || (request.socket as TLSSocket).authorized;
  }

  #answer(method: string, path: string, query: URLSearchParams, body: unknown): readonly [number, unknown] {
    const found = discovery(path, this.policyVersions);
    if (found !== undefined) return [200, found];
    const parts = path.split('/').slice(1).map(decodeURIComponent);
    if (path === '/api/v1/nodes') return [200, this.#nodeList(query)];
    if (parts[2] === 'nodes' && parts.length === 4) return this.#node(method, parts[3] as string, body as Json);
    if (path === '/api/v1/pods')
      return [200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items: this.#podsFor(query) }];
    if (parts[2] === 'namespaces' && parts[4] === 'pods') return this.#pod(method, parts, body as Json);
    if (/^\/apis\/apps\/v1\/namespaces\/[^/]+\/daemonsets\//.test(path))
      return [
        200,
        { kind: 'DaemonSet', apiVersion: 'apps/v1', metadata: { name: parts.at(-1), namespace: parts[4] }, spec: {} },
      ];
    return [404, status(404, 'the server could not find the requested resource', 'NotFound')];
  }

  #nodeList(query: URLSearchParams): Json {
    const names = [...this.nodes.keys()].sort();
    const from = Number(query.get('continue') ?? 0);
    const limit = Math.min(this.pageSize, Number(query.get('limit') ?? this.pageSize) || this.pageSize);
    const page = names.slice(from, from + limit);
    const more = from + limit < names.length ? { continue: String(from + limit) } : {};
    return { kind: 'NodeList', apiVersion: 'v1', metadata: more, items: page.map((name) => this.#nodeView(name)) };
  }

  #node(method: string, name: string, body: Json): readonly [number, unknown] {
    const node = this.nodes.get(name);
    if (node === undefined) return [404, status(404, `nodes "${name}" not found`, 'NotFound', { name, kind: 'nodes' })];
    if (method === 'PATCH') {
      const { spec, metadata } = body as { spec?: Json; metadata?: { labels?: Json; resourceVersion?: string } };
      if (metadata?.resourceVersion !== undefined && metadata.resourceVersion !== String(node.resourceVersion))
        return [
          409,
          status(
            409,
            `Operation cannot be fulfilled on nodes "${name}": the object has been modified; please apply your changes to the latest version and try again`,
            'Conflict',
          ),
        ];
      if (spec !== undefined && 'unschedulable' in spec) node.unschedulable = spec.unschedulable === true;
      for (const [label, value] of Object.entries(metadata?.labels ?? {})) {
        if (value === null) delete node.labels[label];
        else node.labels[label] = String(value);
      }
      node.resourceVersion += 1;
    }
    return [200, this.#nodeView(name)];
  }

  #nodeView(name: string): Json {
    const node = this.nodes.get(name) as FakeNode;
    const conditions = [
      { type: 'MemoryPressure', status: 'False', reason: 'KubeletHasSufficientMemory' },
      node.ready === 'True'
        ? { type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' }
        : {
            type: 'Ready',
            status: node.ready,
            reason: 'KubeletNotReady',
            message: 'container runtime network not ready: cni plugin not initialized',
          },
    ];
    return {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: {
        name,
        labels: { 'kubernetes.io/hostname': name, ...node.labels },
        resourceVersion: String(node.resourceVersion),
        uid: name,
      },
      spec: node.unschedulable ? { unschedulable: true } : {},
      status: {
        allocatable: {
          cpu: '128',
          memory: '1056270Mi',
          ...(node.gpus > 0 ? { 'nvidia.com/gpu': String(node.gpus) } : {}),
        },
        conditions,
        nodeInfo: { kubeletVersion: 'v1.32.4' },
      },
    };
  }

  #podsFor(query: URLSearchParams): Json[] {
    const [, node] = /^spec\.nodeName=(.*)$/.exec(query.get('fieldSelector') ?? '') ?? [];
    return this.pods.filter((pod) => node === undefined || pod.node === node).map(podView);
  }

  #pod(method: string, parts: readonly string[], body: Json): readonly [number, unknown] {
    const namespace = parts[3] as string;
    const name = parts[5];
    if (name === undefined) return this.#createPod(namespace, body);
    const pod = this.pods.find((each) => each.namespace === namespace && each.name === name);
    const isEviction = parts[6] === 'eviction';
    if (isEviction && !this.policyVersions.some((version) => body.apiVersion === `policy/${version}`))
      return [404, status(404, 'the server could not find the requested resource', 'NotFound')];
    if (pod === undefined) return [404, status(404, `pods "${name}" not found`, 'NotFound', { name, kind: 'pods' })];
    if (parts[6] === 'log') return [200, pod.log ?? ''];
    if (isEviction && (pod.budgetRefusals ?? 0) > 0) {
      pod.budgetRefusals = (pod.budgetRefusals ?? 0) - 1;
      return [429, status(429, "Cannot evict pod as it would violate the pod's disruption budget.", 'TooManyRequests')];
    }
    if (isEviction || method === 'DELETE') this.pods.splice(this.pods.indexOf(pod), 1);
    if (isEviction) return [201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }];

    return [200, podView(pod)];
  }

  #createPod(namespace: string, body: Json): readonly [number, unknown] {
    const { name } = body.metadata as { name: string };
    if (this.pods.some((each) => each.namespace === namespace && each.name === name))
      return [409, status(409, `pods "${name}" already exists`, 'AlreadyExists', { name, kind: 'pods' })];
    return [201, podView(this.addPod({ namespace, name, phase: 'Pending' }))];
  }
}

function podView(pod: FakePod): Json {
  return {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: {
      name: pod.name,
      namespace: pod.namespace,
      uid: `${pod.namespace}-${pod.name}`,
      ...(pod.isMirror === true ? { annotations: { 'kubernetes.io/config.mirror': 'x' } } : {}),
      ...(pod.owner === undefined
        ? {}
        : {
            ownerReferences: [
              { apiVersion: 'apps/v1', kind: pod.owner, name: 'owner', uid: 'owner', controller: true },
            ],
          }),
    },
    spec: { nodeName: pod.node, containers: [] },
    status:
      pod.phase === 'Pending'
        ? {
            phase: 'Pending',
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message: '0/4 nodes are available: 4 Insufficient nvidia.com/gpu.',
              },
            ],
          }
        : { phase: pod.phase },
  };
}

function status(code: number, message: string, reason: string, details?: Json): Json {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
    ...(details === undefined ? {} : { details }),
  };
}

/** What kubectl asks before anything else. */
function discovery(path: string, policyVersions: readonly string[]): Json | undefined {
  const resource = (name: string, kind: string, namespaced: boolean, verbs: readonly string[], more: Json = {}) => ({
    name,
    singularName: '',
    namespaced,
    kind,
    verbs,
    ...more,
  });
  const groups = [
    ...policyVersions.map((version) => ({
      name: 'policy',
      versions: [{ groupVersion: `policy/${version}`, version }],
      preferredVersion: { groupVersion: `policy/${version}`, version },
    })),
    {
      name: 'apps',
      versions: [{ groupVersion: 'apps/v1', version: 'v1' }],
      preferredVersion: { groupVersion: 'apps/v1', version: 'v1' },
    },
  ];
  switch (path) {
    case '/version':
      return { major: '1', minor: '32', gitVersion: 'v1.32.4', platform: 'linux/amd64' };
    case '/api':
      return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    case '/apis':
      return { kind: 'APIGroupList', apiVersion: 'v1', groups };
    case '/api/v1':
      return {
        kind: 'APIResourceList',
        groupVersion: 'v1',
        resources: [
          resource('nodes', 'Node', false, ['get', 'list', 'patch'], { shortNames: ['no'] }),
          resource('pods', 'Pod', true, ['get', 'list', 'delete', 'create'], { shortNames: ['po'] }),
          ...policyVersions.map((version) =>
            resource('pods/eviction', 'Eviction', true, ['create'], { group: 'policy', version }),
          ),
        ],
      };
    case '/apis/policy/v1':
    case '/apis/policy/v1beta1':
      return { kind: 'APIResourceList', groupVersion: path.slice('/apis/'.length), resources: [] };
    case '/apis/apps/v1':
      return {
        kind: 'APIResourceList',
        groupVersion: 'apps/v1',
        resources: [resource('daemonsets', 'DaemonSet', true, ['get', 'list'], { shortNames: ['ds'] })],
      };
    default:
      return undefined;
  }
}
