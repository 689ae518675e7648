import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { debianTar } from './debian-root.ts';
import type { Namespace } from './namespace.ts';
import { type Finished, must, run } from './process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** What works in a container as well as on a host: no crun, no systemd to ask for control groups. */
const PODMAN = ['podman', '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'];
/** Fewer than a container usually has: a container in which this runs can't give more. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];
const BASE = 'localhost/podboot-test-debian:12';

function podman(argv: readonly string[], timeoutMs = 120_000): Finished {
  return run([...PODMAN, ...argv], { timeoutMs });
}

/**
 * Builds the image as docker/Containerfile has it, from a package and a Debian of our own: images can't be had everywhere.
 * @param packages a folder with podboot_…_ARCH.deb
 */
export function buildImage(tag: string, packages: string): void {
  const context = mkdtempSync(join(tmpdir(), 'podboot-image-'));
  try {
    const tar = join(context, 'base.tar');
    debianTar(tar);
    must([...PODMAN, 'import', tar, BASE], { timeoutMs: 300_000 });
    rmSync(tar);
    mkdirSync(join(context, 'build'));
    must(['cp', '-a', `${packages}/.`, join(context, 'build')]);
    const words = ['--isolation', 'chroot', '--format', 'docker', '--build-arg', `BASE=${BASE}`];
    must(['buildah', 'build', ...words, '-f', join(ROOT, 'docker/Containerfile'), '-t', tag, context], {
      timeoutMs: 600_000,
    });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

export function removeImage(tag: string): void {
  podman(['rmi', '-f', tag]);
}

/** One container on a network namespace, as compose.yaml has it: another user, no capability but one, nothing to write to. */
export class Container {
  readonly name: string;
  readonly #volume: string;

  constructor(image: string, namespace: Namespace, configuration: string) {
    this.name = `podboot-test-${process.pid}`;
    this.#volume = `${this.name}-data`;
    const rights = ['--read-only', '--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE', '--tmpfs', '/tmp'];
    const mounts = ['-v', `${configuration}:/etc/podboot/podboot.yaml:ro`, '-v', `${this.#volume}:/var/lib/podboot`];
    const network = ['--network', `ns:/run/netns/${namespace.name}`];
    this.#must(['run', '-d', '--name', this.name, ...LIMITS, ...network, ...rights, ...mounts, image]);
  }

  #must(argv: readonly string[]): string {
    const { code, stdout, stderr } = podman(argv);
    if (code !== 0) throw new Error(`podman ${argv[0]} ended with ${code}: ${stderr}${stdout}\n${this.log}`);
    return stdout;
  }

  get log(): string {
    const { stdout, stderr } = podman(['logs', this.name]);
    return `${stdout}${stderr}`;
  }

  run(...argv: string[]): Finished {
    return podman(['exec', this.name, ...argv]);
  }

  must(...argv: string[]): string {
    return this.#must(['exec', this.name, ...argv]);
  }

  put(from: string, to: string): void {
    this.#must(['cp', from, `${this.name}:${to}`]);
  }

  get isHealthy(): boolean {
    return podman(['healthcheck', 'run', this.name]).code === 0;
  }

  /** @returns its exit code */
  stop(): number {
    this.#must(['stop', '-t', '10', this.name]);
    return Number(this.#must(['inspect', '--format', '{{.State.ExitCode}}', this.name]));
  }

  start(): void {
    this.#must(['start', this.name]);
  }

  remove(): void {
    podman(['rm', '-f', this.name]);
    podman(['volume', 'rm', '-f', this.#volume]);
  }
}
