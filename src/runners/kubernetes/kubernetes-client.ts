import { readFileSync } from 'node:fs';
import { NotFound } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import type { KubernetesNode, KubernetesNodes, KubernetesPod } from '../../domain/schedulers.ts';
import { type ClusterAccess, readKubeconfig } from './kubeconfig.ts';
import {
  hasToLeave,
  isObject,
  type JsonObject,
  type ListedNode,
  objectAt,
  objectsAt,
  type PodState,
  readNode,
  readPodName,
  readPodState,
  textAt,
} from './objects.ts';
import { KubernetesRefused, messageOf, refusal } from './refusal.ts';
import { type KubernetesAnswer, type KubernetesRequest, KubernetesTransport } from './transport.ts';

export interface KubernetesClientOptions {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly readFile?: (path: string) => string;
  /** Of one answer; 30 s unless told. */
  readonly timeoutMs?: number;
}

/** A hundred nodes with their images are some 4 MB. */
const PAGE_NODES = 100;
const MAX_NODES = 10_000;
const MERGE_PATCH = 'application/merge-patch+json';
/** 1.22 has it for pods/eviction; `policy/v1beta1` went in 1.25. */
const EVICTION_APIS = ['policy/v1', 'policy/v1beta1'];
/** The server could not do it now, and has not done it: throttled, or in the middle of an election. */
const BUSY = [429, 503];
const MAX_TRIES = 4;
const BUSY_PAUSE_MS = 1_000;
const MAX_PAUSE_SECONDS = 10;

/** The few calls that podboot makes to a Kubernetes cluster; the wire is what `kubectl` puts on it. */
export class KubernetesClient implements KubernetesNodes {
  readonly #transport: KubernetesTransport;
  readonly #clock: Clock;
  #evictionApi = 0;

  constructor({ access, clock, readFile = readText, timeoutMs }: KubernetesClientOptions) {
    this.#clock = clock;
    const times = timeoutMs === undefined ? {} : { timeoutMs };
    this.#transport = new KubernetesTransport({ access, clock, readFile, ...times });
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** `gitVersion` of the API server: `v1.29.3`. */
  async version(): Promise<string> {
    const body = await this.#json({ method: 'GET', path: '/version' }, 'say its version');
    return textAt(body, 'gitVersion') ?? 'unknown';
  }

  /** Every node, by name. */
  async nodes(): Promise<readonly ListedNode[]> {
    const nodes: ListedNode[] = [];
    let next = '';
    do {
      const query = `limit=${PAGE_NODES}${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`;
      const body = await this.#json({ method: 'GET', path: `/api/v1/nodes?${query}` }, 'list nodes');
      for (const item of objectsAt(body, 'items')) {
        const node = readNode(item);
        if (node !== undefined) nodes.push(node);
      }
      next = textAt(objectAt(body, 'metadata'), 'continue') ?? '';
    } while (next !== '' && nodes.length < MAX_NODES);
    return nodes.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  async node(name: string): Promise<KubernetesNode | undefined> {
    const answer = await this.#send({ method: 'GET', path: nodePath(name) });
    if (answer.status === 404) return undefined;
    return readNode(parsed(answer, `read the node ${name}`));
  }

  async cordon(name: string): Promise<void> {
    await this.#patchNode(name, { spec: { unschedulable: true } }, 'cordon');
  }

  async uncordon(name: string): Promise<void> {
    await this.#patchNode(name, { spec: { unschedulable: null } }, 'uncordon');
  }

  async label(name: string, labels: Readonly<Record<string, string | null>>): Promise<void> {
    await this.#patchNode(name, { metadata: { labels } }, 'label');
  }

  async podsToEvict(name: string): Promise<readonly KubernetesPod[]> {
    const pods: KubernetesPod[] = [];
    const selector = encodeURIComponent(`spec.nodeName=${name}`);
    let next = '';
    do {
      const more = next === '' ? '' : `&continue=${encodeURIComponent(next)}`;
      const path = `/api/v1/pods?fieldSelector=${selector}&limit=500${more}`;
      const body = await this.#json({ method: 'GET', path }, `list the pods of ${name}`);
      pods.push(
        ...objectsAt(body, 'items')
          .filter(hasToLeave)
          .flatMap((pod) => readPodName(pod) ?? []),
      );
      next = textAt(objectAt(body, 'metadata'), 'continue') ?? '';
    } while (next !== '' && pods.length < MAX_NODES);
    return pods;
  }

  async evict(pod: KubernetesPod): Promise<'accepted' | 'budget' | 'gone'> {
    const answer = await this.#evict(pod);
    // 404 of a version that is not served has no pod in its details.
    if (answer.status === 404 && !isOfPod(answer) && this.#evictionApi + 1 < EVICTION_APIS.length) {
      this.#evictionApi += 1;
      return this.evict(pod);
    }
    if (answer.status === 404) return 'gone';
    if (answer.status === 429) return 'budget';
    // Several budgets select the pod: the server answers 500, and nobody but a person can mend that.
    parsed(answer, `evict ${podText(pod)}`);
    return 'accepted';
  }

  async deletePod(pod: KubernetesPod): Promise<void> {
    const answer = await this.#send({ method: 'DELETE', path: podPath(pod) });
    if (answer.status !== 404) parsed(answer, `delete ${podText(pod)}`);
  }

  async createPod(manifest: JsonObject): Promise<KubernetesPod> {
    const namespace = textAt(objectAt(manifest, 'metadata'), 'namespace') ?? 'default';
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
    const body = await this.#json({ method: 'POST', path, body: manifest }, `create a pod in ${namespace}`);
    const pod = readPodName(body);
    if (pod === undefined) throw refusal(200, { message: 'the answer holds no pod' }, `create a pod in ${namespace}`);
    return pod;
  }

  async podPhase(pod: KubernetesPod): Promise<PodState | undefined> {
    const answer = await this.#send({ method: 'GET', path: podPath(pod) });
    return answer.status === 404 ? undefined : readPodState(parsed(answer, `read ${podText(pod)}`));
  }

  async podLog(pod: KubernetesPod, limitBytes: number): Promise<string> {
    // limitBytes of the server counts from the beginning: the last lines are asked for, and cut here.
    const path = `${podPath(pod)}/log?tailLines=${Math.max(1, Math.ceil(limitBytes / 40))}`;
    const answer = await this.#send({ method: 'GET', path });
    if (answer.status >= 300) throw refusal(answer.status, jsonOf(answer.text), `read the log of ${podText(pod)}`);
    const bytes = Buffer.from(answer.text);
    return bytes.subarray(Math.max(0, bytes.length - limitBytes)).toString();
  }

  async #patchNode(name: string, body: JsonObject, what: string): Promise<void> {
    // Without a resourceVersion it says what is to stand there, whatever stood there; the server still answers 409 where the
    // kubelet's updates won its own few tries.
    const request = { method: 'PATCH', path: nodePath(name), body, contentType: MERGE_PATCH } as const;
    const answer = await this.#send(request, [...BUSY, 409]);
    if (answer.status === 404)
      throw new NotFound(`Kubernetes has no node ${name}`, `Has its runner joined it? kubectl get nodes`);
    parsed(answer, `${what} the node ${name}`);
  }

  #evict(pod: KubernetesPod): Promise<KubernetesAnswer> {
    const body = {
      apiVersion: EVICTION_APIS[this.#evictionApi],
      kind: 'Eviction',
      metadata: { name: pod.name, namespace: pod.namespace },
    };
    return this.#transport.request({ method: 'POST', path: `${podPath(pod)}/eviction`, body });
  }

  async #json(request: KubernetesRequest, what: string): Promise<JsonObject> {
    return parsed(await this.#send(request), what);
  }

  /** Tried again a few times where the server is busy and has done nothing. */
  async #send(request: KubernetesRequest, busy: readonly number[] = BUSY): Promise<KubernetesAnswer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#transport.request(request);
      if (!busy.includes(answer.status) || attempt === MAX_TRIES) return answer;
      const pauseMs = Math.min(answer.retryAfterSeconds ?? 1, MAX_PAUSE_SECONDS) * BUSY_PAUSE_MS;
      await new Promise<void>((resolve) => void this.#clock.setTimeout(resolve, pauseMs));
    }
  }
}

/** @throws InvalidInput with every problem of the file */
export function kubernetesFrom(
  path: string,
  clock: Clock,
  options: { readonly context?: string; readonly allowInsecure?: boolean; readonly timeoutMs?: number } = {},
): KubernetesClient {
  const access = readKubeconfig(readText(path), { path, readFile: readText, ...options });
  return new KubernetesClient({
    access,
    clock,
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
}

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

function nodePath(name: string): string {
  return `/api/v1/nodes/${encodeURIComponent(name)}`;
}

function podPath({ namespace, name }: KubernetesPod): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
}

function podText({ namespace, name }: KubernetesPod): string {
  return `the pod ${namespace}/${name}`;
}

/** @throws KubernetesRefused */
function parsed(answer: KubernetesAnswer, what: string): JsonObject {
  const body = jsonOf(answer.text);
  if (answer.status >= 300) throw refusal(answer.status, body, what);
  if (!isObject(body)) throw new KubernetesRefused(answer.status, `the answer to ${what} is no JSON object`, undefined);
  return body;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isOfPod(answer: KubernetesAnswer): boolean {
  const body = jsonOf(answer.text);
  return textAt(objectAt(body, 'details'), 'kind') === 'pods' || /^pods? "/.test(messageOf(body) ?? '');
}
