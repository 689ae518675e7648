import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { NotFound } from '../../domain/errors.ts';
import type { EventSink } from '../../domain/ports.ts';
import type { KnownHosts } from '../../runners/ssh/known-hosts.ts';

const HostParams = Type.Object({
  host: Type.String({
    pattern: '^[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?$',
    description: 'Name of a node, or bastion-HOST.',
  }),
});

/** SSH host keys that podboot keeps of nodes and bastions. */
export function sshRoutes(knownHosts: Pick<KnownHosts, 'of' | 'forget'>, events: EventSink): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.delete(
      '/ssh-host-keys/:host',
      {
        schema: {
          tags: ['hand-off'],
          summary: 'Forget the SSH host keys of a host: the next contact is the first one again',
          params: HostParams,
          response: { 204: Type.Null() },
        },
      },
      async (request, reply) => {
        const { host } = request.params;
        if (!knownHosts.of(host).isPinned) {
          throw new NotFound(`No SSH host key of ${host} is kept.`, 'The next contact is its first one already.');
        }
        knownHosts.forget(host);
        const text = `the SSH host keys of ${host} were forgotten`;
        events.emit({ type: 'ssh.forgotten', level: 'warn', subject: { nodeName: host }, text });
        return reply.code(204).send(null);
      },
    );
  };
}
