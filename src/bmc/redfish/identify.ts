import { BmcError } from '../driver.ts';
import type { RedfishClient, Resource } from './client.ts';
import { type JsonObject, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import type { Deadline } from './ports.ts';
import { RedfishRefused } from './refusal.ts';
import type { RedfishService } from './service.ts';

const OFF_MS = 5_000;

/** The light that shows where a machine is. Redfish has no time for it: it is turned off from here. */
export class IdentifyLight {
  readonly #service: RedfishService;
  readonly #client: RedfishClient;
  #off: { cancel(): void } | undefined;

  constructor(service: RedfishService) {
    this.#service = service;
    this.#client = service.client;
  }

  /** @param seconds 0 turns it off */
  async identify(seconds: number, deadline: Deadline): Promise<void> {
    this.#off?.cancel();
    this.#off = undefined;
    await this.#set(seconds > 0, deadline);
    if (seconds > 0) this.#off = this.#client.clock.setTimeout(() => void this.#turnOff(), seconds * 1_000);
  }

  /** A light that burns still goes out: nobody would turn it off later. */
  async close(): Promise<void> {
    if (this.#off !== undefined) await this.#turnOff();
  }

  async #turnOff(): Promise<void> {
    this.#off?.cancel();
    this.#off = undefined;
    try {
      await this.#set(false, this.#client.deadline(OFF_MS));
    } catch (error) {
      // A light that stays on hurts nobody.
      if (!(error instanceof BmcError)) throw error;
    }
  }

  async #set(isOn: boolean, deadline: Deadline): Promise<void> {
    const system = await this.#service.system(deadline);
    const resource = hasLight(system) ? system : await this.#chassisWithLight(system, deadline);
    let refusal: BmcError | undefined;
    for (const change of waysToSay(resource.body, isOn)) {
      try {
        await this.#service.patch(resource, change, deadline);
        return;
      } catch (error) {
        if (!(error instanceof RedfishRefused) || error.failure !== 'refused') throw error;
        refusal ??= error;
      }
    }
    throw refusal ?? new BmcError('refused', 'the BMC has no light to identify the machine by');
  }

  async #chassisWithLight(system: Resource, deadline: Deadline): Promise<Resource> {
    for (const link of objectsAt(objectAt(system.body, 'Links'), 'Chassis').slice(0, 8)) {
      const chassis = await this.#client.getIfThere(textAt(link, '@odata.id'), deadline);
      if (chassis !== undefined && hasLight(chassis)) return chassis;
    }
    throw new BmcError('refused', 'the BMC has no light to identify the machine by');
  }
}

function hasLight({ body }: Resource): boolean {
  return typeof body.LocationIndicatorActive === 'boolean' || textAt(body, 'IndicatorLED') !== undefined;
}

/** LocationIndicatorActive took the place of IndicatorLED in 2020; BMCs have the one, the other or both. */
function waysToSay(body: JsonObject, isOn: boolean): readonly JsonObject[] {
  const ways: JsonObject[] = [];
  if (typeof body.LocationIndicatorActive === 'boolean') ways.push({ LocationIndicatorActive: isOn });
  if (textAt(body, 'IndicatorLED') !== undefined) {
    const allowed = textsAt(body, 'IndicatorLED@Redfish.AllowableValues') ?? ['Blinking', 'Lit', 'Off'];
    const words = isOn ? ['Blinking', 'Lit'] : ['Off'];
    ways.push(...words.filter((word) => allowed.includes(word)).map((word) => ({ IndicatorLED: word })));
  }
  return ways;
}
