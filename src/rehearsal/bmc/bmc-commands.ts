import { ChassisControl } from '../../codecs/ipmi/commands/chassis.ts';
import { type IpmiRequest, NetFn } from '../../codecs/ipmi/message.ts';
import { RMCP_PORT } from '../../codecs/ipmi/rmcp.ts';
import type { BmcAccount, BmcSession } from './bmc-session.ts';
import type { Chassis } from './chassis.ts';
import type { SerialOverLan } from './serial-over-lan.ts';

/** What a command may look at, and change. */
export interface CommandContext {
  readonly chassis: Chassis;
  readonly serial: SerialOverLan;
  /** Undefined outside of a session: a few questions are answered there too. */
  readonly session: BmcSession | undefined;
  readonly guid: Uint8Array;
  /** By user id, from 1 on; a password may be changed. */
  readonly accounts: BmcAccount[];
  /** Of a password, what it keeps: the rest is cut off without a word. */
  readonly passwordBytes: number;
  /** Undefined: the question for them gets no answer of use. */
  readonly suiteIds: readonly number[] | undefined;
  readonly manufacturerId: number;
  readonly productId: number;
}

export interface CommandAnswer {
  readonly code: number;
  readonly data: Uint8Array;
  /** The session ends with this answer. */
  readonly closes?: boolean;
}

type Handler = (data: Uint8Array, context: CommandContext) => CommandAnswer;

const UNKNOWN = 0xc1;
const SHORT = 0xc7;
const OUT_OF_RANGE = 0xcc;
const PRIVILEGE = 0xd4;
const WRONG_STATE = 0xd5;
const UNSUPPORTED_PARAMETER = 0x80;
const OPERATOR = 3;
const ADMINISTRATOR = 4;
/** Of Set Session Privilege Level: the user does not have it. */
const TOO_HIGH = 0x80;
const FIRST_USER = 2;
const NAME_BYTES = 16;
const SET_PASSWORD = 2;
const TEST_PASSWORD = 3;
/** Of a test of a password. */
const WRONG_PASSWORD = 0x80;
/** Group extension, and its entity of inlets. */
const DCMI = 0xdc;
const INLET = 0x40;

function ok(...bytes: readonly number[]): CommandAnswer {
  return { code: 0, data: Uint8Array.from(bytes) };
}

function refused(code: number): CommandAnswer {
  return { code, data: new Uint8Array() };
}

const key = (netFn: number, command: number): number => (netFn << 8) | command;

/** Answered outside of a session too. */
const BEFORE_SESSION: ReadonlyMap<number, Handler> = new Map([
  [key(NetFn.APP, 0x38), () => ok(1, 0x80, 0x04, 0x02, 0, 0, 0, 0)],
  [key(NetFn.APP, 0x54), channelCipherSuites],
  [key(NetFn.APP, 0x37), (_data: Uint8Array, { guid }: CommandContext) => ok(...guid)],
]);

const IN_SESSION: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [key(NetFn.APP, 0x01), deviceId],
  [key(NetFn.APP, 0x3b), setPrivilege],
  [key(NetFn.APP, 0x46), userName],
  [key(NetFn.APP, 0x47), setUserPassword],
  [key(NetFn.APP, 0x3c), () => ({ ...ok(), closes: true })],
  [key(NetFn.CHASSIS, 0x01), chassisStatus],
  [key(NetFn.CHASSIS, 0x02), control],
  [key(NetFn.CHASSIS, 0x04), () => ok()],
  [key(NetFn.CHASSIS, 0x07), () => ok(0x01, 0)],
  [key(NetFn.CHASSIS, 0x08), setBootOptions],
  [key(NetFn.CHASSIS, 0x09), getBootOptions],
  [key(NetFn.GROUP, 0x02), powerReading],
  [key(NetFn.GROUP, 0x10), temperatures],
  [key(NetFn.APP, 0x48), activatePayload],
  [key(NetFn.APP, 0x49), deactivatePayload],
  [key(NetFn.APP, 0x4b), payloadInstance],
  [key(NetFn.TRANSPORT, 0x22), solParameter],
]);

export function runCommand({ netFn, command, data }: IpmiRequest, context: CommandContext): CommandAnswer {
  const before = BEFORE_SESSION.get(key(netFn, command));
  if (before !== undefined) return before(data, context);
  if (context.session === undefined) return refused(PRIVILEGE);
  return IN_SESSION.get(key(netFn, command))?.(data, context) ?? refused(UNKNOWN);
}

/** Standard records of table 22-18: id, then its three algorithms with their tags. */
function channelCipherSuites(data: Uint8Array, { suiteIds }: CommandContext): CommandAnswer {
  if (suiteIds === undefined) return refused(UNKNOWN);
  const records = suiteIds.flatMap((id) => (id === 17 ? [0xc0, 17, 0x03, 0x44, 0x81] : [0xc0, 3, 0x01, 0x41, 0x81]));
  const page = (data[2] ?? 0) & 0x3f;
  return ok(1, ...records.slice(page * 16, page * 16 + 16));
}

function deviceId(_data: Uint8Array, { manufacturerId, productId }: CommandContext): CommandAnswer {
  const maker = [manufacturerId & 0xff, (manufacturerId >>> 8) & 0xff, (manufacturerId >>> 16) & 0x0f];
  return ok(0x20, 0x01, 0x03, 0x21, 0x02, 0x9f, ...maker, productId & 0xff, productId >>> 8, 0, 0, 0, 0);
}

/** DCMI's: 640 W now, 600 at least, 700 at most, 650 on the average of a minute; it measures. */
function powerReading(data: Uint8Array): CommandAnswer {
  if (data[0] !== DCMI) return refused(UNKNOWN);
  const watts = [640, 600, 700, 650].flatMap((each) => [each & 0xff, each >>> 8]);
  return ok(DCMI, ...watts, 0, 0, 0, 0, 0x60, 0xea, 0, 0, 0x40);
}

/** DCMI's, of the air that comes in: two sensors. */
function temperatures(data: Uint8Array): CommandAnswer {
  if (data[0] !== DCMI || data[2] !== INLET) return refused(UNKNOWN);
  return ok(DCMI, 2, 2, 24, 1, 26, 2);
}

function setPrivilege(data: Uint8Array, { session }: CommandContext): CommandAnswer {
  const wanted = (data[0] ?? 0) & 0x0f;
  if (session === undefined) return refused(PRIVILEGE);
  if (wanted > session.maxPrivilege) return refused(TOO_HIGH);
  if (wanted !== 0) session.privilege = wanted;
  return ok(session.privilege);
}

/** Sixteen bytes, the rest of them zero; user 1 has no name, as on most BMCs. */
function userName(data: Uint8Array, { accounts }: CommandContext): CommandAnswer {
  const name = Buffer.alloc(NAME_BYTES);
  name.write(accounts[((data[0] ?? 0) & 0x3f) - FIRST_USER]?.userName ?? '');
  return ok(...name);
}

function setUserPassword(data: Uint8Array, { accounts, session, passwordBytes }: CommandContext): CommandAnswer {
  if ((session?.privilege ?? 0) < ADMINISTRATOR) return refused(PRIVILEGE);
  const [user = 0, operation = 0] = data;
  const index = (user & 0x3f) - FIRST_USER;
  const account = accounts[index];
  if (account === undefined) return refused(OUT_OF_RANGE);
  const password = Buffer.from(data.subarray(2)).toString('utf8').replace(/\0.*$/s, '');
  switch (operation & 0x03) {
    case SET_PASSWORD:
      accounts[index] = { ...account, password: password.slice(0, passwordBytes) };
      return ok();
    case TEST_PASSWORD:
      return password === account.password ? ok() : refused(WRONG_PASSWORD);
    default:
      return refused(OUT_OF_RANGE);
  }
}

function chassisStatus(_data: Uint8Array, { chassis }: CommandContext): CommandAnswer {
  return ok((chassis.isOn ? 1 : 0) | 0x40, 0x10, 0x40, 0);
}

function control(data: Uint8Array, { chassis, session }: CommandContext): CommandAnswer {
  if ((session?.privilege ?? 0) < OPERATOR) return refused(PRIVILEGE);
  switch (data[0]) {
    case ChassisControl.POWER_OFF:
      chassis.turnOff();
      return ok();
    case ChassisControl.POWER_ON:
      chassis.turnOn();
      return ok();
    case ChassisControl.POWER_CYCLE:
      return chassis.cycle() ? ok() : refused(WRONG_STATE);
    case ChassisControl.HARD_RESET:
      return chassis.reset() ? ok() : refused(WRONG_STATE);
    case ChassisControl.SOFT_SHUTDOWN:
      chassis.turnOff('soft');
      return ok();
    default:
      return refused(OUT_OF_RANGE);
  }
}

function setBootOptions(data: Uint8Array, { chassis, session }: CommandContext): CommandAnswer {
  if ((session?.privilege ?? 0) < OPERATOR) return refused(PRIVILEGE);
  const [parameter, first = 0, second = 0] = data;
  switch ((parameter ?? 0) & 0x7f) {
    case 0:
    case 4:
      return ok();
    case 3:
      chassis.keepFlagPast60Seconds((first & 0x08) !== 0);
      return ok();
    case 5:
      if (data.length < 6) return refused(SHORT);
      chassis.setFlags({
        isValid: (first & 0x80) !== 0,
        isPersistent: (first & 0x40) !== 0,
        isEfi: (first & 0x20) !== 0,
        device: second & 0x3c,
      });
      return ok();
    default:
      return refused(UNSUPPORTED_PARAMETER);
  }
}

function getBootOptions(data: Uint8Array, { chassis }: CommandContext): CommandAnswer {
  const parameter = (data[0] ?? 0) & 0x7f;
  if (parameter !== 5) return ok(1, parameter, 0);
  const { flags } = chassis;
  const first =
    (flags?.isValid === true ? 0x80 : 0) |
    (flags?.isPersistent === true ? 0x40 : 0) |
    (flags?.isEfi === true ? 0x20 : 0);
  return ok(1, 5, first, flags?.device ?? 0, 0, 0, 0);
}

const SOL_PAYLOAD = 0x01;
const NO_SUCH_INSTANCE = 0x80;
const PAYLOAD_BYTES = 200;

function activatePayload(data: Uint8Array, { serial, session }: CommandContext): CommandAnswer {
  const [type, , auxiliary = 0] = data;
  if (session === undefined || session.privilege < OPERATOR) return refused(PRIVILEGE);
  if (type !== SOL_PAYLOAD) return refused(OUT_OF_RANGE);
  if (serial.sessionId !== 0) return refused(NO_SUCH_INSTANCE);
  serial.activate(session.id, auxiliary, (payload) => session.sendSol(payload));
  return ok(0, 0, 0, 0, PAYLOAD_BYTES, 0, PAYLOAD_BYTES, 0, serial.port & 0xff, serial.port >>> 8, 0xff, 0xff);
}

/** Any session may end the console of another: that is how one is taken over. */
function deactivatePayload(_data: Uint8Array, { serial, session }: CommandContext): CommandAnswer {
  if (serial.sessionId === 0) return refused(NO_SUCH_INSTANCE);
  serial.deactivate(serial.sessionId !== session?.id);
  return ok();
}

function payloadInstance(_data: Uint8Array, { serial }: CommandContext): CommandAnswer {
  const id = serial.sessionId;
  return ok(id & 0xff, (id >>> 8) & 0xff, (id >>> 16) & 0xff, id >>> 24, 1, 0, 0, 0, 0, 0, 0, 0);
}

/** What ipmitool reads before it opens a console (IPMI 2.0 table 26-5): switched on, encrypted, 115,200 baud. */
const SOL_PARAMETERS: ReadonlyMap<number, readonly number[]> = new Map([
  [0, [0]],
  [1, [1]],
  [2, [0xc4]],
  [3, [12, 96]],
  [4, [7, 10]],
  [5, [10]],
  [6, [10]],
  [7, [1]],
  [8, [RMCP_PORT & 0xff, RMCP_PORT >>> 8]],
]);

function solParameter(data: Uint8Array): CommandAnswer {
  const value = SOL_PARAMETERS.get(data[1] ?? -1);
  return value === undefined ? refused(UNSUPPORTED_PARAMETER) : ok(0x11, ...value);
}
