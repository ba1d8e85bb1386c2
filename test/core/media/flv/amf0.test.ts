import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Amf0Error, type Amf0Value, decodeAmf0, encodeAmf0 } from '../../../../core/media/flv/amf0.ts';

const bytes = (...parts: readonly (number | string)[]): Buffer =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'number' ? Buffer.of(part) : Buffer.from(part, 'latin1'))),
  );

const { value } = fc.letrec<{ value: Amf0Value; leaf: Amf0Value }>((tie) => ({
  leaf: fc.oneof(
    fc.double(),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.constant(null),
    fc.constant(undefined),
    fc.date(),
  ),
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'amf' },
    tie('leaf'),
    fc.array(tie('value'), { maxLength: 4, depthIdentifier: 'amf' }),
    fc
      .array(fc.tuple(fc.string({ unit: 'grapheme' }), tie('value')), {
        maxLength: 4,
        depthIdentifier: 'amf',
      })
      .map((entries) => new Map(entries)),
  ),
}));

describe('AMF0', () => {
  it('decodes what it encoded', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (values) => {
        expect(decodeAmf0(encodeAmf0(values))).toStrictEqual(values);
      }),
      { numRuns: 500 },
    );
  });

  it('ends with values or its own error on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), (random) => {
        try {
          decodeAmf0(random);
        } catch (error) {
          if (!(error instanceof Amf0Error)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('ends with values or its own error on damaged messages', () => {
    fc.assert(
      fc.property(
        value,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        (whole, damage, cut) => {
          const message = encodeAmf0([whole]);
          for (const [at, byte] of damage) message[at % message.length] = byte;
          try {
            decodeAmf0(message.subarray(0, message.length - (cut % message.length)));
          } catch (error) {
            if (!(error instanceof Amf0Error)) throw error;
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('reads an ECMA array by its end marker, whatever count it announces', () => {
    const array = bytes(0x08, '\xff\xff\xff\xff', '\x00\x03app', 0x02, '\x00\x04live', '\x00\x00\x09');
    expect(decodeAmf0(array)).toStrictEqual([new Map([['app', 'live']])]);
  });

  it('reads long strings, XML documents, typed objects and unsupported', () => {
    expect(decodeAmf0(bytes(0x0c, '\x00\x00\x00\x02hi'))).toStrictEqual(['hi']);
    expect(decodeAmf0(bytes(0x0f, '\x00\x00\x00\x02hi'))).toStrictEqual(['hi']);
    expect(decodeAmf0(bytes(0x10, '\x00\x01C', '\x00\x01a', 0x01, 0x01, '\x00\x00\x09'))).toStrictEqual([
      new Map([['a', true]]),
    ]);
    expect(decodeAmf0(bytes(0x0d))).toStrictEqual([undefined]);
  });

  it('writes strings over 65,535 bytes as long strings', () => {
    const long = 'x'.repeat(70_000);
    expect(decodeAmf0(encodeAmf0([long]))).toStrictEqual([long]);
  });

  it('keeps names of properties away from prototypes', () => {
    const object = bytes(0x03, '\x00\x09__proto__', 0x02, '\x00\x01x', '\x00\x00\x09');
    expect(decodeAmf0(object)).toStrictEqual([new Map([['__proto__', 'x']])]);
  });

  it.each([
    ['a reference', bytes(0x07, 0, 0)],
    ['a movie clip', bytes(0x04)],
    ['a record set', bytes(0x0e)],
    ['a switch to AMF3', bytes(0x11, 0)],
    ['an unknown type', bytes(0x42)],
    ['a string longer than the message', bytes(0x02, '\xff\xff', 'short')],
    ['an array longer than the message', bytes(0x0a, '\xff\xff\xff\xff', 0x05)],
    ['an object without end', bytes(0x03, '\x00\x01a', 0x05)],
    ['nesting without end', Buffer.alloc(4_000, bytes(0x0a, '\x00\x00\x00\x01'))],
    ['more values than sensible', Buffer.alloc(4_000, 0x05)],
  ])('refuses %s', (_, message) => {
    expect(() => decodeAmf0(message)).toThrow(Amf0Error);
  });
});
