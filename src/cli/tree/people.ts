import { type Command, Option } from 'commander';
import { names, wholeNumber } from '../arguments.ts';
import { configOption, type Ends, examples, jsonOption } from './shared.ts';

/** Commands about people who sign in, and about secrets. */
export function addPeople(program: Command, ends: Ends): void {
  const user = program.command('user').description('who may sign in at the page and the API');
  const code = () => import('../commands/people.ts');

  examples(
    user
      .command('add')
      .description('a new user; the password is asked for, or read from standard input')
      .argument('<login>')
      .addOption(
        new Option('--role <role>', 'what they may do').choices(['viewer', 'operator', 'admin']).default('viewer'),
      )
      .option('--tenants <names>', 'whose data they see; all when not given', names)
      .option('--name <name>', 'their name, for people')
      .addOption(configOption()),
    'quarry user add ada --role admin',
    'quarry user add bob --tenants acme,globex < password.txt',
  ).action(async (login: string, options) => ends(await (await code()).addPerson(login, options)));

  examples(
    user.command('list').description('everybody who may sign in').addOption(configOption()).addOption(jsonOption()),
    'quarry user list',
  ).action(async (options) => ends(await (await code()).listPeople(options)));

  for (const [name, about] of [
    ['passwd', 'a new password; ends the sessions of the user'],
    ['remove', 'removes a user, with sessions and tokens'],
  ] as const) {
    examples(
      user.command(name).description(about).argument('<login>').addOption(configOption()),
      `quarry user ${name} ada`,
    ).action(async (login: string, options) => {
      const { changePassword, removePerson } = await code();
      ends(await (name === 'passwd' ? changePassword(login, options) : removePerson(login, options)));
    });
  }

  examples(
    user
      .command('token')
      .description('a token for scripts; printed once')
      .argument('<login>', 'whose rights it has')
      .requiredOption('--name <name>', 'what it is for')
      .option('--scopes <scopes>', 'read, run, write, admin', names, ['read'])
      .option('--days <n>', 'how long it is good; for ever when not given', wholeNumber(1))
      .addOption(configOption()),
    'quarry user token ada --name nightly-report --days 90',
  ).action(async (login: string, options) => ends(await (await code()).makeToken(login, options)));

  examples(
    user.command('tokens').description('tokens there are').addOption(configOption()).addOption(jsonOption()),
    'quarry user tokens',
  ).action(async (options) => ends(await (await code()).listAllTokens(options)));

  examples(
    user
      .command('revoke')
      .description('removes a token')
      .argument('<token>', 'how it begins, as the list shows it')
      .addOption(configOption()),
    'quarry user revoke qry_Ab3xYz',
  ).action(async (prefix: string, options) => ends(await (await code()).dropToken(prefix, options)));

  const secrets = program.command('secrets').description('secrets kept in the database');
  examples(
    secrets
      .command('set')
      .description('a secret of a connection made through the page; asked for, or read from standard input')
      .argument('<place>', 'CONNECTION.password, CONNECTION.token, CONNECTION.oauth.client_secret …')
      .addOption(configOption()),
    'quarry secrets set acme.password',
  ).action(async (place: string, options) => ends(await (await code()).setSecret(place, options)));

  examples(
    secrets
      .command('rotate')
      .description('a new key for everything that is sealed; may be repeated after a failure')
      .addOption(configOption()),
    'quarry secrets rotate',
  ).action(async (options) => ends(await (await code()).rotate(options)));
}
