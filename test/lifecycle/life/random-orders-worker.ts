import { parentPort, workerData } from 'node:worker_threads';
import { tryOrders } from './random-orders.ts';

export interface OrdersTask {
  readonly seed: number;
  readonly runs: number;
}

const { seed, runs } = workerData as OrdersTask;
parentPort?.postMessage(await tryOrders(seed, runs));
