import type { KubernetesNodes, KubernetesPod, Scheduler } from '../../domain/schedulers.ts';
import { OWNER_LABEL } from '../../domain/schedulers.ts';

/** More are asked for at the next look. */
const MAX_EVICTIONS = 100;

/** Kubernetes as the hand-over sees it. */
export function kubernetesScheduler(cluster: KubernetesNodes): Scheduler {
  return {
    name: 'k8s',

    async look(name) {
      const node = await cluster.node(name);
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

    close: (name) => cluster.cordon(name),
    open: (name) => cluster.uncordon(name),

    async clear(name, force) {
      const pods = await cluster.podsToEvict(name);
      const inTheWay: KubernetesPod[] = [];
      const asked = pods.slice(0, MAX_EVICTIONS);
      const held = new Set<KubernetesPod>();
      for (const pod of asked) {
        if (force) await cluster.deletePod(pod);
        else {
          const outcome = await cluster.evict(pod);
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
