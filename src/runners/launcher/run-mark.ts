/** What all processes of a run have in their environment: `PODBOOT_RUN=run-…`. */
export const RUN_MARK = 'PODBOOT_RUN';

export function runMark(id: string): string {
  return `${RUN_MARK}=${id}`;
}
