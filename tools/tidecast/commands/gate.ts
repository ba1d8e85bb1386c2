import { z } from 'zod';
import { gateKeys, readGate } from '../../../core/gate/gate.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { readAnswer } from '../http.ts';
import { clean } from '../text.ts';

const said = z.object({ value: z.string() });

const onAws = `On AWS the value stands in CloudFront's KeyValueStore '<name>-gate', and is everywhere within a minute:

  aws cloudfront list-key-value-stores                                  says its ARN
  aws cloudfront-keyvaluestore describe-key-value-store --kvs-arn ARN   says its ETag
  aws cloudfront-keyvaluestore put-key --kvs-arn ARN --if-match ETAG --key ${gateKeys.value} --value closed

Once, before the first show: the secret of the passes, without which the gate stays open to all:

  aws cloudfront-keyvaluestore put-key --kvs-arn ARN --if-match ETAG --key ${gateKeys.secret} --value "$(openssl rand -hex 32)"`;

const meaning = (value: string): string => {
  const share = readGate(value) ?? 1;
  if (share >= 1) return 'everybody is let in';
  return share <= 0
    ? 'newcomers wait; who was let in before goes on'
    : `${Number((share * 100).toFixed(4))} % of the newcomers are let in; who was let in before goes on`;
};

export const gate: Command = {
  name: 'gate',
  takes: ['[<value>]'],
  summary: 'who may come in to directory and watch pages (on AWS: says what to do)',
  help: `One value decides about newcomers: open, closed, or the share that is let in. Alone it shows the value.

  gate closed     newcomers see a page that asks again by itself; nobody who watches is sent away
  gate 0.25       a quarter of the newcomers come in, the same ones at every try
  gate open       everybody

API, chat, media, studio and operations have no gate.

${onAws}`,
  options: {},
  run: async ({ door, words }) => {
    const [value] = words;
    if (value !== undefined && readGate(value) === undefined)
      throw new CommandError('usage', `'${value}' is no value of the gate`, {
        hint: 'It is open, closed, or a share from 0 to 1: tidecast gate 0.25',
      });
    const local = await door.local();
    if (local === undefined)
      throw new CommandError('failed', 'no gate was asked: no local platform runs on this data folder', {
        hint: `Start it with npm start; one with another data folder is found with --data FOLDER.\n\n${onAws}`,
      });
    const body = value === undefined ? {} : { value };
    const now = readAnswer(said, await local.ask('/local-control/gate', body), 'answer');
    return { lines: [`The gate is ${clean(now.value)}: ${meaning(now.value)}.`], json: now };
  },
};
