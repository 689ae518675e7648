/** Starts the program that carries a run, so that it outlives the daemon. */
export interface Launcher {
  readonly kind: 'detached' | 'systemd';
  /**
   * Resolves once the start is under way; whether it came to anything, the run's folder says.
   * @param id for names that the host's people see
   * @throws HostRefused with the mend
   */
  launch(id: string, folder: string): Promise<void>;
}
