import type { AnswerContext, AnswerFile } from './answer-file.ts';
import type { BootGrant } from './boot-grant.ts';
import type { Ipv4 } from './ipv4.ts';
import type { Node, NodeId } from './node.ts';
import type { EffectKind } from './node-life.ts';

/** What a node may boot beside its disk and what writes to no disk. */
export type GrantStanding =
  /** It may boot the grant's profile, once. */
  | { readonly kind: 'armed'; readonly grant: BootGrant }
  /** `reason` ends a sentence: "it has no boot grant". */
  | { readonly kind: 'none'; readonly reason: string }
  /** Nothing at all, not even its disk by our hand. */
  | { readonly kind: 'retired'; readonly reason: string };

/** Asked for each packet: from memory. lifecycle/ fulfils it for services/boot. */
export interface GrantDirectory {
  standing(nodeId: NodeId): GrantStanding;
}

/** The way to the answer files, for the boot script of one session. */
export interface AnswerTickets {
  /**
   * On disk when it resolves. The same for each request of a session from one address.
   * @param origin `http://10.77.0.1`
   * @throws AccessDenied where the node is armed no more
   */
  ticket(nodeId: NodeId, address: Ipv4, origin: string): Promise<AnswerContext>;
  /**
   * Claims the grant by the boot script itself, for profiles whose script is all that there is to fetch (`script`). On disk
   * when it resolves; whoever asks for the script again gets the disk.
   * @throws AccessDenied where the node is armed no more
   */
  claimByScript(nodeId: NodeId, answers: AnswerContext): Promise<void>;
}

export const CALLBACK_KINDS = ['started', 'progress', 'log', 'finished', 'failed', 'booted'] as const;
export type CallbackKind = (typeof CALLBACK_KINDS)[number];

/** Whoever asks below `/install/<token>/`. */
export interface InstallRequest {
  /** As it stands in the URL. Never logged. */
  readonly token: string;
  /** Of the connection. */
  readonly peer: Ipv4;
  /** Of the listener that was asked: `http://10.77.0.1`. */
  readonly origin: string;
}

/** Too many requests for one address or one node. */
export class TooManyRequests extends Error {}

/** Answer files and callbacks; lifecycle/ fulfils it for services/boot. */
export interface InstallDesk {
  /** The claim is on disk before it resolves. @throws AccessDenied, NotFound, TooManyRequests, InvalidInput (template) */
  answerFile(request: InstallRequest, name: string): Promise<AnswerFile>;
  /** What the installer tells is on disk before it resolves. @throws AccessDenied, TooManyRequests */
  callback(request: InstallRequest, kind: CallbackKind, text: string): Promise<void>;
}

export type EffectOutcome =
  | { readonly done: true; readonly text: string }
  | { readonly done: false; readonly text: string; readonly mend?: string };

/** Does one kind of effect in the world outside (the BMC's power, a runner). May be asked twice for the same. */
export interface EffectPort {
  readonly kind: EffectKind;
  /** Undefined: not for this node (it has no BMC): a person is told to. Rejects as a failure. */
  perform(node: Node): Promise<EffectOutcome | undefined>;
}

/**
 * - `proven`    an SSH server there has shown that it holds one of the keys
 * - `other-key` one answers, with another key
 * - `no-answer` nothing answers
 * - `unable`    it can't be tried here
 */
export interface HostKeyVerdict {
  readonly verdict: 'proven' | 'other-key' | 'no-answer' | 'unable';
  readonly text: string;
}

/** runners/ssh fulfils it for lifecycle/. */
export interface HostKeyProbe {
  /** Within 20 s. Never rejects. @param hostKeys public halves, as in `/etc/ssh/ssh_host_*_key.pub` */
  look(node: Node, address: Ipv4, hostKeys: readonly string[], signal: AbortSignal): Promise<HostKeyVerdict>;
}

/** What lifecycle/ has to know of the profiles in the configuration. */
export interface ProfileFacts {
  /** Undefined: there is none of the name. */
  profile(name: string): ProfileFact | undefined;
}

export interface ProfileFact {
  readonly destructive: boolean;
  /** What is wrong with it: it can't be installed. */
  readonly problem?: string;
  /** Its installer switches the machine off when it is done (DGX OS 5's `offwhendone`). */
  readonly switchesOff: boolean;
}
