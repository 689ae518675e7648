import { connect } from 'node:net';

/** Of a BMC: its web service, SSH. */
const PORTS = [443, 22, 80];

/** Whether anything at all is at an address: a port that takes a connection, or refuses one. */
export async function hostAnswers(host: string, timeoutMs: number): Promise<boolean> {
  const answers = await Promise.all(PORTS.map((port) => portAnswers(host, port, timeoutMs)));
  return answers.includes(true);
}

function portAnswers(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(timeoutMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED'));
  });
}
