import type { Firmware } from '../../domain/client.ts';
import type { FirmwareTestimony } from '../../domain/discovered-machine.ts';
import { AccessDenied } from '../../domain/errors.ts';
import { formatIpv4, type Ipv4 } from '../../domain/ipv4.ts';
import { macKey } from '../../domain/lease.ts';
import type { EventSink, FileSource, ServedFile } from '../../domain/ports.ts';
import type { AssetCatalogue, OpenAsset } from './asset-catalogue.ts';
import { normalizeAssetName } from './asset-name.ts';
import { BlockCache } from './block-cache.ts';
import type { BootScript, BootScripts } from './boot-scripts.ts';
import { CachedFile, MemoryFile } from './cached-file.ts';
import type { Entitlement } from './entitlements.ts';
import type { GrantedScripts } from './granted-script.ts';
import { type GrubConfigName, parseGrubConfigName } from './grub-config-name.ts';
import { grubTestimony } from './identify-script.ts';
import { renderGrubByMac } from './render-grub.ts';
import { type Requester, type Requesters, subjectOf } from './requester.ts';
import { notAwaited, type Strangers } from './strangers.ts';

export interface FileSourceParts {
  readonly requesters: Requesters;
  readonly events: EventSink;
  /** What is in force now: a reload puts others in their place. */
  readonly catalogue: () => AssetCatalogue;
  readonly scripts: () => BootScripts;
  readonly granted: GrantedScripts;
  readonly strangers: Strangers;
}

/** What TFTP serves: files, and GRUB configurations rendered for whoever asks. */
export class BootFileSource implements FileSource {
  readonly #parts: FileSourceParts;
  readonly #cache = new BlockCache();
  /** One descriptor for each file, however many machines read it. */
  readonly #shared = new Map<string, { readonly asset: OpenAsset; users: number }>();

  constructor(parts: FileSourceParts) {
    this.#parts = parts;
  }

  async open(rawName: string, peer: Ipv4, serverAddress: Ipv4): Promise<ServedFile> {
    const name = normalizeAssetName(rawName);
    const config = parseGrubConfigName(name);
    if (config !== undefined) return new MemoryFile(name, await this.#config(config, peer, serverAddress));
    const testimony = grubTestimony(name);
    if (testimony !== undefined) return new MemoryFile(name, await this.#identify(testimony, peer, serverAddress));
    return this.#share(await this.#parts.catalogue().open(name));
  }

  /** Descriptors that are open, for the statistics. */
  get openFiles(): number {
    return this.#shared.size;
  }

  get cachedBlocks(): number {
    return this.#cache.blockCount;
  }

  #share(asset: OpenAsset): ServedFile {
    let shared = this.#shared.get(asset.identity);
    if (shared === undefined) {
      shared = { asset, users: 0 };
      this.#shared.set(asset.identity, shared);
    } else {
      closeQuietly(asset);
    }
    const entry = shared;
    entry.users += 1;
    return new CachedFile({ ...entry.asset, name: asset.name }, this.#cache, () => {
      entry.users -= 1;
      if (entry.users > 0) return;
      this.#shared.delete(asset.identity);
      // Waits for reads that are still under way.
      closeQuietly(entry.asset);
    });
  }

  async #config(config: GrubConfigName, peer: Ipv4, serverAddress: Ipv4): Promise<string> {
    const requester = this.#requester(config, peer);
    if (requester.key === undefined && requester.port === undefined) return renderGrubByMac(formatIpv4(serverAddress));
    const question = this.#parts.strangers.grubQuestion(requester, serverAddress);
    return this.#told(requester, question ?? (await this.#script(requester, config.firmware, serverAddress)));
  }

  /** @throws AccessDenied for who holds no lease */
  async #identify(testimony: FirmwareTestimony, peer: Ipv4, serverAddress: Ipv4): Promise<string> {
    const { strangers, requesters } = this.#parts;
    const known = await strangers.identified(requesters.byAddress(peer), testimony);
    if (known.port === undefined) return this.#told(known, notAwaited('grub', testimony));
    return this.#told(known, await this.#script(known, undefined, serverAddress));
  }

  #script(requester: Requester, firmware: Firmware | undefined, serverAddress: Ipv4): Promise<BootScript> {
    const scripts = this.#parts.scripts();
    const render = (entitlement: Entitlement) => scripts.grub(requester, firmware, serverAddress, entitlement);
    return this.#parts.granted.script(requester, serverAddress, render, true);
  }

  #told(requester: Requester, { text, summary, decision }: BootScript): string {
    const peer = requester.address;
    this.#parts.events.emit({
      type: 'tftp.config',
      level: 'info',
      subject: subjectOf(requester),
      throttle: `${formatIpv4(peer)} ${requester.key ?? ''}`,
      text: `GRUB's configuration for ${requester.port?.node.name ?? formatIpv4(peer)}: ${summary}`,
      ...(decision === undefined ? {} : { data: { boots: decision.action } }),
    });
    return text;
  }

  /** @throws AccessDenied where the peer's lease says that it is another machine */
  #requester(config: GrubConfigName, peer: Ipv4): Requester {
    if (config.mac === undefined) return this.#parts.requesters.byAddress(peer);
    const key = macKey(config.mac);
    const holder = this.#parts.requesters.holderOf(peer);
    if (holder !== undefined && holder !== key) {
      throw new AccessDenied(`${formatIpv4(peer)} is ${holder} and may not have the configuration of ${key}`);
    }
    return this.#parts.requesters.byKey(peer, key);
  }
}

/** A file server that is gone answers even that with an error; nothing was written that could be lost. */
function closeQuietly(asset: OpenAsset): void {
  asset.handle.close().catch(() => undefined);
}
