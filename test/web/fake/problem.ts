import type { Problem } from '../../../core/api/types.ts';

export const problem = (status: number, detail: string): readonly [status: number, body: Problem] => [
  status,
  { type: 'about:blank', title: 'No', status, detail },
];
