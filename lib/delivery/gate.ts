import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { gateStoreName } from '../naming.ts';
import { functionCode } from './function-code.ts';

export interface GateProps {
  /** Of the installation. */
  readonly name: string;
}

/** The function on pages, and the store with the gate's value. */
export class Gate extends Construct {
  readonly store: cloudfront.KeyValueStore;
  /** One function before and after the origin: it names a path's file, and marks what is no page as 404. */
  readonly associations: cloudfront.FunctionAssociation[];

  constructor(scope: Construct, id: string, { name }: GateProps) {
    super(scope, id);
    // Empty, which is an open gate. `tidecast gate` owns what is in it: a deployment must never open a closed one.
    this.store = new cloudfront.KeyValueStore(this, 'Store', {
      keyValueStoreName: gateStoreName(name),
      comment: 'Tidecast: the value of the gate, and the secret of its passes',
    });
    const gate = new cloudfront.Function(this, 'Function', {
      runtime: cloudfront.FunctionRuntime.JS_2_0,
      comment: 'Tidecast: lets people in to pages, and names their files',
      code: cloudfront.FunctionCode.fromInline(functionCode('lambda/gate/main.ts')),
      keyValueStore: this.store,
    });
    this.associations = [
      { function: gate, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST },
      { function: gate, eventType: cloudfront.FunctionEventType.VIEWER_RESPONSE },
    ];
  }
}
