import { BmcError, type PowerAction, type PowerState } from '../driver.ts';
import type { Resource } from './client.ts';
import { linkAt, objectsAt, textAt, textsAt } from './json.ts';
import type { Deadline } from './ports.ts';
import { RedfishRefused } from './refusal.ts';
import { type RedfishService, resetOf } from './service.ts';

/** ResetType (DSP0268, Resource), the nearest first. Nothing is made harder than it was asked for. */
const RESET_TYPES: Readonly<Record<PowerAction, readonly string[]>> = {
  on: ['On', 'ForceOn'],
  off: ['ForceOff'],
  soft: ['GracefulShutdown'],
  cycle: ['PowerCycle', 'FullPowerCycle'],
  reset: ['ForceRestart', 'PowerCycle'],
};

/** For a BMC that does not say what it takes: what all have. */
const USUAL_TYPES: readonly string[] = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart'];

const WISHED: Readonly<Partial<Record<PowerAction, PowerState>>> = { on: 'on', off: 'off', soft: 'off' };

const POLL_MS = 2_000;
const CONFLICT_PAUSE_MS = 5_000;
const MAX_CONFLICTS = 6;
/** On the way from one state to the other: for so long it is waited for at most. */
const TRANSITION_MS = 10_000;

interface ResetAction {
  readonly target: string;
  readonly types: readonly string[];
}

export async function readPower(service: RedfishService, deadline: Deadline): Promise<PowerState> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const state = textAt((await service.system(deadline)).body, 'PowerState');
    const settled = settledState(state);
    if (settled !== undefined) return settled;
    if (state === 'PoweringOn' || state === 'PoweringOff') {
      if (waitedMs < TRANSITION_MS && (await deadline.pause(POLL_MS))) continue;
      // It is not there yet.
      return state === 'PoweringOn' ? 'off' : 'on';
    }
    throw new BmcError('refused', 'the BMC does not say whether the machine is on');
  }
}

/**
 * Sent once; again only where the BMC said that it had not done it. A cycle is made of off and on where the BMC has none.
 *
 * @throws BmcError
 */
export async function actOnPower(service: RedfishService, action: PowerAction, deadline: Deadline): Promise<void> {
  const system = await service.system(deadline);
  const reset = await resetAction(service, system, deadline);
  const type = RESET_TYPES[action].find((one) => reset.types.includes(one));
  if (type !== undefined) return sendReset(service, reset, type, WISHED[action], deadline);
  const canBeMade = action === 'cycle' && ['ForceOff', 'On'].every((one) => reset.types.includes(one));
  if (canBeMade) return offThenOn(service, reset, deadline);
  if (action === 'cycle' && reset.types.includes('ForceRestart')) {
    return sendReset(service, reset, 'ForceRestart', undefined, deadline);
  }
  throw new BmcError('refused', `the BMC has no ${action} for this machine; it has ${reset.types.join(', ')}`);
}

async function offThenOn(service: RedfishService, reset: ResetAction, deadline: Deadline): Promise<void> {
  if ((await readPower(service, deadline)) === 'off') {
    throw new BmcError('refused', 'the machine is off: there is nothing to cycle, turn it on');
  }
  await sendReset(service, reset, 'ForceOff', 'off', deadline);
  try {
    while (settledState(textAt((await service.system(deadline)).body, 'PowerState')) !== 'off') {
      if (await deadline.pause(POLL_MS)) continue;
      throw new BmcError('no-answer', 'the BMC does not say that it is off', { mayHaveActed: true });
    }
    await sendReset(service, reset, 'On', 'on', deadline);
  } catch (error) {
    if (!(error instanceof BmcError)) throw error;
    const message = `the machine was turned off for a cycle, and may be off still: ${error.message}`;
    throw new BmcError(error.failure, message, { mayHaveActed: true, cause: error });
  }
}

/** @param wished the state that it leads to: a machine that is in it needs no reset, whatever the BMC thinks of it */
async function sendReset(
  service: RedfishService,
  { target }: ResetAction,
  type: string,
  wished: PowerState | undefined,
  deadline: Deadline,
): Promise<void> {
  for (let conflicts = 0; ; conflicts += 1) {
    try {
      await service.client.change({ method: 'POST', path: target, body: { ResetType: type } }, deadline);
      return;
    } catch (error) {
      if (!(error instanceof RedfishRefused) || error.failure !== 'refused' || error.mayHaveActed) throw error;
      const { body } = await service.system(deadline);
      if (wished !== undefined && settledState(textAt(body, 'PowerState')) === wished) return;
      // Just after it was turned off (iDRAC10), or while its firmware starts.
      const isEarly = error.status === 409 && conflicts < MAX_CONFLICTS;
      if (!isEarly || !(await deadline.pause(CONFLICT_PAUSE_MS))) throw error;
    }
  }
}

async function resetAction(service: RedfishService, system: Resource, deadline: Deadline): Promise<ResetAction> {
  const action = resetOf(system.body);
  const target = textAt(action, 'target');
  if (target === undefined) throw new BmcError('refused', 'the BMC does not let this machine’s power be changed');
  const told = textsAt(action, 'ResetType@Redfish.AllowableValues');
  if (told !== undefined && told.length > 0) return { target, types: told };
  const link = textAt(action, '@Redfish.ActionInfo') ?? linkAt(action, '@Redfish.ActionInfo');
  const info = await service.client.getIfThere(link, deadline);
  const parameter = objectsAt(info?.body, 'Parameters').find((one) => textAt(one, 'Name') === 'ResetType');
  const types = textsAt(parameter, 'AllowableValues');
  return { target, types: types === undefined || types.length === 0 ? USUAL_TYPES : types };
}

function settledState(state: string | undefined): PowerState | undefined {
  // Paused: firmware waits before the start of an operating system, with the power on.
  if (state === 'On' || state === 'Paused') return 'on';
  return state === 'Off' ? 'off' : undefined;
}
