import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../../domain/ports.ts';
import type { Chassis } from './chassis.ts';
import { NO_BOOT, RedfishBootOrder } from './redfish-boot-order.ts';
import { AMI_DGX, type RedfishLayout } from './redfish-layouts.ts';
import { type RedfishAnswer, type RedfishRequest, redfishError } from './redfish-messages.ts';
import { RESET_TYPES, RedfishPower } from './redfish-power.ts';
import type { RedfishQuirks } from './redfish-quirks.ts';
import {
  MAX_PASSWORD,
  MIN_PASSWORD,
  type RedfishConsoles,
  type RedfishLogEntry,
  type RedfishPaths,
  type RedfishState,
  redfishMember,
  redfishPaths,
  redfishResources,
} from './redfish-resources.ts';
import { RedfishSessions } from './redfish-sessions.ts';

export interface RedfishBmcOptions {
  readonly clock: Clock;
  readonly random: (count: number) => Uint8Array;
  readonly chassis: Chassis;
  readonly userName: string;
  readonly password: string;
  /** AMI's on a DGX unless told. */
  readonly layout?: RedfishLayout;
  readonly serialNumber?: string;
  readonly uuid?: string;
  readonly macs?: readonly string[];
  readonly bmcMac?: string;
  readonly log?: readonly RedfishLogEntry[];
  readonly quirks?: RedfishQuirks;
  readonly consoles?: RedfishConsoles;
}

const MAX_REQUESTS_KEPT = 2_000;

/** A BMC that speaks Redfish as a machine's would: for rehearsals, and for tests of what talks to BMCs. */
export class RedfishBmc {
  readonly #options: RedfishBmcOptions;
  readonly #layout: RedfishLayout;
  readonly #quirks: RedfishQuirks;
  readonly #paths: RedfishPaths;
  readonly #resources: ReturnType<typeof redfishResources>;
  readonly sessions: RedfishSessions;
  readonly #power: RedfishPower;
  readonly #bootOrder: RedfishBootOrder;
  /** `GET /redfish/v1/`, in order, the last of them. */
  readonly requests: string[] = [];
  log: readonly RedfishLogEntry[];
  failedLogins = 0;
  /** Answers that are held back at this moment. */
  held = 0;
  isIdentified = false;
  /** Each answer is held back for so long. */
  silentMs = 0;
  /** Answers in its place: what is broken, huge or forged. */
  fault: ((request: RedfishRequest) => RedfishAnswer | undefined) | undefined;
  #password: string;
  #mustChangePassword: boolean;

  constructor(options: RedfishBmcOptions) {
    this.#options = options;
    this.#layout = options.layout ?? AMI_DGX;
    this.#quirks = options.quirks ?? {};
    this.#paths = redfishPaths(this.#layout);
    this.#resources = redfishResources(this.#layout);
    this.#password = options.password;
    this.#power = new RedfishPower(options.clock, options.chassis, this.#quirks);
    this.#bootOrder = new RedfishBootOrder(options.chassis, this.#layout, this.#quirks);
    this.#mustChangePassword = this.#quirks.mustChangePassword === true;
    this.log = options.log ?? [];
    const { maxSessions = 4, sessionRequests = Number.POSITIVE_INFINITY } = this.#quirks;
    this.sessions = new RedfishSessions(options.clock, maxSessions, sessionRequests);
    options.chassis.keepFlagPast60Seconds(true);
  }

  async answer(request: RedfishRequest): Promise<RedfishAnswer> {
    this.requests.push(`${request.method} ${request.path}`);
    if (this.requests.length > MAX_REQUESTS_KEPT) this.requests.shift();
    await this.#hold(this.silentMs);
    return this.fault?.(request) ?? this.#route(request);
  }

  async #route(request: RedfishRequest): Promise<RedfishAnswer> {
    const { method } = request;
    const [path = ''] = request.path.split('?');
    if (method === 'POST' && path === this.#paths.sessions) return this.#login(request);
    if (path !== '/redfish/v1/' && !this.#isKnown(request)) return unauthorised();
    if (method === 'DELETE') return this.#logout(path);
    if (this.#mustChangePassword && path !== '/redfish/v1/' && path !== `${this.#paths.accounts}/1`) {
      return passwordChangeRequired(403, this.#paths.accounts);
    }
    if (method === 'GET') return this.#get(request, path);
    if (method === 'POST' && path === this.#paths.reset) return this.#reset(request);
    if (method === 'PATCH') return this.#patch(request, path);
    return redfishError(405, 'OperationNotAllowed', 'The HTTP method is not allowed on this resource.');
  }

  #login({ body }: RedfishRequest): RedfishAnswer {
    if (this.#quirks.basicOnly === true) return noSuch(this.#paths.sessions);
    const wanted = readObject(body);
    if (wanted?.UserName !== this.#options.userName || wanted.Password !== this.#password) {
      this.failedLogins += 1;
      return unauthorised();
    }
    const token = Buffer.from(this.#options.random(16)).toString('hex');
    const id = this.sessions.login(token);
    if (id === undefined) {
      const message = 'The session establishment failed because the number of sessions exceeds the limit.';
      return redfishError(503, 'SessionLimitExceeded', message, 'Close other sessions before trying again.');
    }
    const path = `${this.#paths.sessions}/${id}`;
    const told = this.#mustChangePassword ? passwordChangeRequired(201, this.#paths.accounts).body : undefined;
    const warning = told === undefined ? {} : (told as { readonly error: object }).error;
    return {
      status: 201,
      headers: { 'x-auth-token': token, location: `${this.#quirks.locationPrefix ?? ''}${path}` },
      body: { '@odata.id': path, ...warning },
    };
  }

  #logout(path: string): RedfishAnswer {
    const id = path.slice(this.#paths.sessions.length + 1);
    return this.sessions.end(id) ? { status: 204 } : noSuch(path);
  }

  #isKnown({ headers }: RedfishRequest): boolean {
    const token = headers['x-auth-token'];
    if (token !== undefined) return this.sessions.isValid(token);
    const [kind, encoded = ''] = (headers.authorization ?? '').split(' ');
    const isRight =
      kind === 'Basic' &&
      isSame(Buffer.from(encoded, 'base64').toString(), `${this.#options.userName}:${this.#password}`);
    if (kind === 'Basic' && !isRight) this.failedLogins += 1;
    return isRight;
  }

  #get({ path: whole }: RedfishRequest, path: string): RedfishAnswer {
    const state = this.#state();
    const page = Math.floor(Number(new URLSearchParams(whole.split('?')[1] ?? '').get('$skip') ?? 0) / state.pageSize);
    const body = this.#resources.get(path)?.(state, page) ?? redfishMember(state, path);
    if (body === undefined) return noSuch(path);
    const etag = this.#etag(body);
    return {
      status: 200,
      ...(etag === undefined ? {} : { headers: { etag } }),
      body: { '@odata.id': path, ...namesOf(path), ...body },
    };
  }

  #etag(body: object): string | undefined {
    const kind = this.#quirks.etags ?? this.#layout.etags;
    if (kind === 'none') return undefined;
    const quoted = `"${createHash('sha1').update(JSON.stringify(body)).digest('hex').slice(0, 12)}"`;
    return kind === 'weak' ? `W/${quoted}` : quoted;
  }

  #patch({ headers, body }: RedfishRequest, path: string): RedfishAnswer {
    const now = this.#resources.get(path)?.(this.#state(), 0) ?? redfishMember(this.#state(), path);
    if (now === undefined) return noSuch(path);
    const precondition = this.#precondition(headers['if-match'], this.#etag(now));
    if (precondition !== undefined) return precondition;
    const change = readObject(body);
    if (change === undefined) return redfishError(400, 'MalformedJSON', 'The request body was malformed JSON.');
    if (path === `${this.#paths.accounts}/1`) return this.#changePassword(change.Password);
    if (path === this.#paths.system && typeof change.LocationIndicatorActive === 'boolean') {
      this.isIdentified = change.LocationIndicatorActive;
      return { status: 204 };
    }
    const boot = change.Boot;
    if (path === this.#paths.bootTarget && typeof boot === 'object' && boot !== null)
      return this.#bootOrder.set({ ...boot });
    return redfishError(400, 'PropertyNotWritable', 'The property is read-only and cannot be assigned a value.');
  }

  #precondition(ifMatch: string | undefined, etag: string | undefined): RedfishAnswer | undefined {
    const rule = this.#quirks.ifMatch ?? (this.#layout.wantsIfMatch ? 'required' : 'ignored');
    const failed = redfishError(412, 'PreconditionFailed', 'The ETag supplied did not match the ETag of the resource.');
    if (rule === 'ignored') return undefined;
    if (rule === 'never') return ifMatch === undefined ? undefined : failed;
    if (ifMatch === undefined) {
      return redfishError(428, 'PreconditionRequired', 'A precondition header or annotation is required.');
    }
    if (ifMatch === '*') return undefined;
    if (rule === 'strong') return ifMatch === etag?.replace(/^W\//, '') ? undefined : failed;
    return ifMatch === etag ? undefined : failed;
  }

  #changePassword(password: unknown): RedfishAnswer {
    if (typeof password !== 'string' || password.length < MIN_PASSWORD || password.length > MAX_PASSWORD) {
      const message = `The value '${password}' for the property Password is of a different format than it can accept.`;
      return redfishError(400, 'PropertyValueFormatError', message, 'Correct the value.');
    }
    this.#password = password;
    this.#mustChangePassword = false;
    return { status: 204 };
  }

  async #reset({ body }: RedfishRequest): Promise<RedfishAnswer> {
    const answer = this.#power.reset(readObject(body)?.ResetType);
    if (answer.status === 204) await this.#hold(this.#quirks.resetAnswerMs ?? 0);
    return answer;
  }

  async #hold(ms: number): Promise<void> {
    if (ms === 0) return;
    this.held += 1;
    await new Promise<void>((resolve) => void this.#options.clock.setTimeout(resolve, ms));
    this.held -= 1;
  }

  #state(): RedfishState {
    const { serialNumber = '1660224000012', uuid = 'c0ffee00-1234-5678-9abc-def012345678' } = this.#options;
    const { macs = [], bmcMac = '02:00:00:00:00:10', userName } = this.#options;
    const pendingBoot = this.#bootOrder.read();
    const isShownAtOnce = this.#layout.settingsId === undefined || pendingBoot.enabled === 'Continuous';
    return {
      layout: this.#layout,
      powerState: this.#power.state,
      boot: isShownAtOnce ? pendingBoot : NO_BOOT,
      pendingBoot,
      resetTypes: this.#quirks.resetTypes ?? RESET_TYPES,
      hasActionInfo: this.#quirks.hasActionInfo === true,
      isIdentified: this.isIdentified,
      serialNumber,
      uuid,
      macs,
      bmcMac,
      log: this.log,
      pageSize: this.#quirks.pageSize ?? 50,
      userNames: [userName],
      hasSessions: this.#quirks.basicOnly !== true,
      consoles: this.#options.consoles ?? {},
    };
  }
}

/** Every resource has both (DSP0266 section 9.5); sushy does not live without. */
function namesOf(path: string): object {
  const id = path.split('/').findLast((word) => word !== '') ?? '';
  return { Id: id, Name: id };
}

function unauthorised(): RedfishAnswer {
  return redfishError(401, 'NoValidSession', 'There is no valid session established with the implementation.');
}

function noSuch(path: string): RedfishAnswer {
  return redfishError(404, 'ResourceMissingAtURI', `The resource at the URI ${path} was not found.`);
}

function passwordChangeRequired(status: number, accounts: string): RedfishAnswer {
  const message = 'The password provided for this account must be changed before access is granted.';
  return redfishError(status, 'PasswordChangeRequired', message, 'Change the password.', [`${accounts}/1`]);
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
