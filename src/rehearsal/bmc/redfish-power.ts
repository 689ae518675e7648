import type { Clock } from '../../domain/ports.ts';
import type { Chassis } from './chassis.ts';
import { type RedfishAnswer, redfishError } from './redfish-messages.ts';
import type { RedfishQuirks } from './redfish-quirks.ts';

export const RESET_TYPES = ['On', 'ForceOff', 'GracefulShutdown', 'ForceRestart', 'PowerCycle'];

/** PowerState and Reset of a simulated BMC: it is on its way between two states, and takes its time. */
export class RedfishPower {
  readonly #clock: Clock;
  readonly #chassis: Chassis;
  readonly #quirks: RedfishQuirks;
  #goal: boolean | undefined;
  #offAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, chassis: Chassis, quirks: RedfishQuirks) {
    this.#clock = clock;
    this.#chassis = chassis;
    this.#quirks = quirks;
  }

  get state(): string {
    const { isOn } = this.#chassis;
    const isOnTheWay = this.#goal !== undefined && this.#goal !== isOn;
    if (isOnTheWay) return this.#goal === true ? 'PoweringOn' : 'PoweringOff';
    return isOn ? 'On' : 'Off';
  }

  reset(type: unknown): RedfishAnswer {
    const { resetTypes = RESET_TYPES, conflictAfterOffMs = 0 } = this.#quirks;
    if (typeof type !== 'string' || !resetTypes.includes(type)) {
      return redfishError(400, 'ActionParameterValueNotInList', `The value ${type} for ResetType is not acceptable.`);
    }
    if (type === 'On' && this.#clock.monotonic() < this.#offAt + conflictAfterOffMs) {
      return redfishError(409, 'ResourceInStandby', 'The resource is in standby.', 'Try again later.');
    }
    if (this.#act(type, this.#chassis)) return { status: 204 };
    const message = 'The requested power state cannot be reached from the present one.';
    return redfishError(409, 'ResourceInStandby', message);
  }

  #act(type: string, chassis: Chassis): boolean {
    switch (type) {
      case 'On':
        if (chassis.isOn) return false;
        chassis.turnOn();
        this.#goal = true;
        return true;
      case 'ForceOff':
      case 'GracefulShutdown':
        if (!chassis.isOn) return false;
        chassis.turnOff(type === 'ForceOff' ? 'off' : 'soft');
        this.#goal = false;
        this.#offAt = this.#clock.monotonic();
        return true;
      case 'PowerCycle':
        this.#goal = undefined;
        return chassis.cycle();
      default:
        this.#goal = undefined;
        return chassis.reset();
    }
  }
}
