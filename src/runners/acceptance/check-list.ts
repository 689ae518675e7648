/** How a check's value is read from what its program said. */
export type Reading =
  /** All of it, trimmed. */
  | { readonly kind: 'text' }
  | { readonly kind: 'exit-code' }
  /** How many lines there are, or that fit. */
  | { readonly kind: 'lines'; readonly fitting?: RegExp }
  /** First group of the first line that fits. */
  | { readonly kind: 'match'; readonly pattern: RegExp }
  /** The smallest number that the first group finds in any line: the slowest link. */
  | { readonly kind: 'smallest'; readonly pattern: RegExp }
  /** `gpus[0].memory`; `.length` of a list. */
  | { readonly kind: 'json'; readonly path: readonly (string | number)[] };

/** All that are there have to hold. */
export interface Expectation {
  readonly equals?: string | number;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly oneOf?: readonly (string | number)[];
  readonly matches?: RegExp;
}

export interface Check {
  /** Unique in its list: `gpu-count`. */
  readonly name: string;
  readonly argv: readonly string[];
  /** With `sudo -n`. */
  readonly asRoot: boolean;
  readonly read: Reading;
  readonly expect: Expectation;
  /** Where the program is not installed. */
  readonly whenMissing: 'skip' | 'fail';
  readonly timeoutMs: number;
  readonly mend?: string;
}

export interface GpuTest {
  /** Of the one-GPU pod; has `nvidia-smi`, or gets it from the container toolkit. */
  readonly image: string;
  readonly namespace: string;
  readonly timeoutMs: number;
}

/** What the scheduler itself has to say of a node. */
export interface SchedulerExpectation {
  /** `nvidia.com/gpu` that are allocatable, or Slurm's GRES `gpu`. */
  readonly gpus?: number;
  /** It may take so long until the scheduler says so: drivers are installed, plugins started. */
  readonly withinMs: number;
  /** A job with one GPU is run there. */
  readonly gpuTest?: GpuTest;
}

export interface CheckList {
  readonly checks: readonly Check[];
  readonly scheduler: SchedulerExpectation;
}
