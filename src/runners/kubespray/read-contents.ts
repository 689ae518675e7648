import { existsSync, readFileSync } from 'node:fs';
import { PodbootError } from '../../domain/errors.ts';
import type { Clock } from '../../domain/ports.ts';
import { readKubeconfig } from '../kubernetes/kubeconfig.ts';
import { KubernetesClient } from '../kubernetes/kubernetes-client.ts';
import type { ReadContents } from './cluster-contents.ts';

/** A plan is made while a person waits. */
const TIMEOUT_MS = 10_000;

/** Asks the cluster's own API who is in it. */
export function contentsReader(clock: Clock): ReadContents {
  return async (kubeconfig) => {
    if (!existsSync(kubeconfig)) return { state: 'none' };
    let client: KubernetesClient | undefined;
    try {
      const readFile = (path: string) => readFileSync(path, 'utf8');
      const access = readKubeconfig(readFile(kubeconfig), { path: kubeconfig, readFile });
      client = new KubernetesClient({ access, clock, timeoutMs: TIMEOUT_MS });
      return { state: 'there', members: await client.nodes() };
    } catch (error) {
      const because = error instanceof PodbootError ? error.message : codeOf(error);
      return { state: 'unreadable', because };
    } finally {
      await client?.close();
    }
  };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it can’t be read';
}
