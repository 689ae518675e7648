import type { RedfishLayout } from './redfish-layouts.ts';

/** How a BMC departs from what a client hopes for. */
export interface RedfishQuirks {
  /** No session service: the password comes with each request. */
  readonly basicOnly?: boolean;
  readonly maxSessions?: number;
  /** A session is good for so many requests. */
  readonly sessionRequests?: number;
  /** ETags it gives, where they are not the layout's. */
  readonly etags?: RedfishLayout['etags'];
  /** `required`: 428 without; `strong`: 412 for a weak one; `never`: 412 for any. */
  readonly ifMatch?: 'ignored' | 'required' | 'strong' | 'never';
  readonly resetTypes?: readonly string[];
  readonly hasActionInfo?: boolean;
  /** A reset is answered after so long. */
  readonly resetAnswerMs?: number;
  /** 409 to a start for so long after it was turned off. */
  readonly conflictAfterOffMs?: number;
  readonly refusesUnchangedBoot?: boolean;
  readonly wantsWholeBoot?: boolean;
  /** A Location is absolute, with the name that the BMC knows itself by. */
  readonly locationPrefix?: string;
  /** Nothing but that until it is done. */
  readonly mustChangePassword?: boolean;
  readonly pageSize?: number;
}
