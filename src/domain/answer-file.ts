import type { Ipv4 } from './ipv4.ts';
import type { Node } from './node.ts';

/** What an installer reads: preseed.cfg, user-data, ks.cfg. */
export interface AnswerFile {
  /** Last part of its URL, as the installer asks for it: `user-data`, `meta-data`, `preseed.cfg`. */
  readonly name: string;
  readonly contentType: string;
  readonly text: string;
}

/** What an answer file says beside the node and the profile. */
export interface AnswerContext {
  /** `http://10.77.0.1`: where the node reaches this daemon. */
  readonly origin: string;
  /** The claim's one-time token, in hex; part of every URL below. Never logged. */
  readonly token: string;
  /** `http://10.77.0.1/install/<token>/`: answer files by name, and callbacks under `callback/`. */
  readonly baseUrl: string;
  /** The lease's address. */
  readonly address: Ipv4;
}

/** Turns a node and its profile into answer files; profiles/ fulfils it for the boot grants. */
export interface AnswerRenderer {
  /**
   * @param profile name of a profile in the configuration
   * @throws InvalidInput with the template's file and line, or the value that is missing: the grant is not armed then
   */
  render(node: Node, profile: string, context: AnswerContext): readonly AnswerFile[];
}

/** What a node would boot and be told by a profile, for people: secrets and the token are masked. */
export interface AnswerPreview {
  readonly profile: string;
  readonly kind: string;
  readonly kernel?: string;
  readonly initrds?: readonly string[];
  readonly arguments?: string;
  /** iPXE's own commands, of a profile of kind `script`. */
  readonly script?: string;
  readonly files: readonly AnswerFile[];
}

/** profiles/ fulfils it for the API. Changes nothing. */
export interface AnswerPreviewer {
  /**
   * @param profile the node's own unless told
   * @throws InvalidInput as AnswerRenderer
   */
  preview(node: Node, profile: string | undefined): AnswerPreview;
}
