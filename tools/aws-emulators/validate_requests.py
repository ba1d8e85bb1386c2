"""Checks recorded requests against botocore's models of the services: the API's own reference, in Python.

Standard input: a JSON list of [service, operation, input]. Prints one line for each request that is wrong.
"""

import json
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

loader = Loader()
models = {}
checked = 0

for service, operation, params in json.load(sys.stdin):
    if service not in models:
        models[service] = ServiceModel(loader.load_service_model(service, "service-2"), service)
    shape = models[service].operation_model(operation).input_shape
    report = ParamValidator().validate(params, shape)
    checked += 1
    # botocore lets unknown members of nested structures pass only where the model is open: none of ours is.
    if report.has_errors():
        print(f"{service} {operation}: {report.generate_report()}")

print(f"checked {checked}", file=sys.stderr)
