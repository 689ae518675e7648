import type { KubernetesNodes, KubernetesPod, Scheduler } from '../../domain/schedulers.ts';
import { OWNER_LABEL } from '../../domain/schedulers.ts';

/** More are asked for at the next look. */
const MAX_EVICTIONS = 100;

/**
 * Kubernetes as the hand-over sees it.
 * @param open the client of the configuration in force; its file is read at the first use
 */
export function kubernetesScheduler(open: () => KubernetesNodes): Scheduler {
  return {
    name: 'k8s',

    async look(name) {
      const node = await open().node(name);
      if (node === undefined) return undefined;
      const { isReady, isSchedulable, notReadyBecause, labels } = node;
      const because = notReadyBecause === undefined ? '' : ` (${notReadyBecause})`;
      const ready = isReady ? 'Ready' : `NotReady${because}`;
      const label = labels[OWNER_LABEL];
      return {
        isOpen: isSchedulable,
        isReady,
        words: isSchedulable ? ready : `${ready}, SchedulingDisabled`,
        ...(label === undefined ? {} : { label }),
      };
    },

    close: async (name) => open().cordon(name),
    open: async (name) => open().uncordon(name),

    async clear(name, force) {
      const pods = await open().podsToEvict(name);
      const inTheWay: KubernetesPod[] = [];
      const asked = pods.slice(0, MAX_EVICTIONS);
      const held = new Set<KubernetesPod>();
      for (const pod of asked) {
        if (force) await open().deletePod(pod);
        else {
          const outcome = await open().evict(pod);
          if (outcome === 'gone') continue;
          if (outcome === 'budget') held.add(pod);
        }
        inTheWay.push(pod);
      }
      return [...inTheWay, ...pods.slice(MAX_EVICTIONS)].map(
        (pod) => `pod ${pod.namespace}/${pod.name}${held.has(pod) ? ' (held by its disruption budget)' : ''}`,
      );
    },
  };
}
