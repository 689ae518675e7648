import { type Output, processOutput } from './output.ts';

/** What commands that speak to the daemon need of the process they run in. */
export interface ApiEnvironment {
  readonly output: Output;
  readonly env: NodeJS.ProcessEnv;
}

/** Options that all of them have. */
export interface ApiOptions {
  readonly api?: string;
  readonly json?: boolean;
}

export const REAL_ENVIRONMENT: ApiEnvironment = { output: processOutput, env: process.env };
