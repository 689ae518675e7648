import { PodbootError } from '../domain/errors.ts';

/** Runs something long that Ctrl-C and SIGTERM end cleanly: it is given the time to undo what it began. */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    return await action(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw new PodbootError('interrupted', 'interrupted; nothing is left of it');
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
