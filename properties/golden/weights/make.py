"""Writes the fixtures of this folder with PyTorch: OMP_NUM_THREADS=1 python3 make.py (PyTorch 2.6, safetensors 0.5)."""
from collections import OrderedDict
import json
import os
import pickle
import torch
import torch.nn as nn
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
numbers = lambda count, dtype=torch.float32: (torch.arange(count) * 0.75 - 2).to(dtype)
counted = torch.arange(12, dtype=torch.float32).reshape(3, 4)


def save(name, value, **options):
    torch.save(value, os.path.join(here, name), **options)


# one tensor of each dtype
dtypes = {
    'float64': numbers(3, torch.float64),
    'float32': numbers(6).reshape(2, 3),
    'float16': numbers(4, torch.float16),
    'bfloat16': numbers(4, torch.bfloat16),
    'int64': torch.tensor([-(2**31), 0, 2**31 - 1]),
    'int32': torch.tensor([-7, 7], dtype=torch.int32),
    'int16': torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
    'int8': torch.tensor([-128, 127], dtype=torch.int8),
    'uint8': torch.tensor([0, 255], dtype=torch.uint8),
    'bool': torch.tensor([True, False, True]),
    'scalar': torch.tensor(2.5),
    'empty': torch.zeros(0, 4),
}
unsigned = {name: torch.tensor([1, 2, 65535]).to(getattr(torch, name)) for name in ('uint16', 'uint32', 'uint64')}
save('dtypes.pt', {**dtypes, **unsigned})
save_file(dtypes, os.path.join(here, 'dtypes.safetensors'), metadata={'format': 'pt'})
save_numpy({name: value.numpy() for name, value in unsigned.items()}, os.path.join(here, 'unsigned.safetensors'))
save_file({'w': torch.ones(2).to(torch.float8_e4m3fn)}, os.path.join(here, 'float8.safetensors'))
save('float8.pt', {'w': torch.ones(2).to(torch.float8_e4m3fn)})
save('complex.pt', {'w': torch.ones(2, dtype=torch.complex64)})

# views: numbers 0 … 11 in rows of four, stored once
save(
    'views.pt',
    {
        'whole': counted,
        'transposed': counted.t(),
        'column': counted[:, 1],
        'row': counted[2],
        'every_second': counted[::2, 1::2],
        'repeated': torch.tensor([5.0]).expand(3),
        'nothing': counted[3:, 4:],
    },
)

# what training scripts write: dictionaries in dictionaries, and numbers beside tensors
model = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), norm=nn.BatchNorm1d(3), last=nn.Linear(3, 1, bias=False)))
with torch.no_grad():
    for i, parameter in enumerate(model.parameters()):
        parameter.copy_(numbers(parameter.numel()).reshape(parameter.shape) + i)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
model(counted[:, :2]).sum().backward()
optimizer.step()
save(
    'training.pt',
    {
        'model': model.state_dict(),
        'ema': OrderedDict((name, value * 2) for name, value in model.state_dict().items()),
        'optimizer': optimizer.state_dict(),
        'step': 3,
        'loss': 0.25,
        'run': 'first',
    },
)
save('parameter.pt', OrderedDict(w=nn.Parameter(numbers(4).reshape(2, 2)), b=nn.Parameter(numbers(2), requires_grad=False)))
torch.serialization.set_crc32_options(False)
save('no-crc32.pt', {'w': counted})
torch.serialization.set_crc32_options(True)
save('protocol4.pt', {'w': counted, 'size': counted.shape, 'dtype': torch.float32}, pickle_protocol=4)
save('legacy.pt', {'w': counted, 'column': counted[:, 1], 'half': numbers(3, torch.float16)}, _use_new_zipfile_serialization=False)

# two shards and their index, as transformers and diffusers write them
os.makedirs(os.path.join(here, 'sharded'), exist_ok=True)
shards = {'model-00001-of-00002': {'a': numbers(2), 'b': numbers(3)}, 'model-00002-of-00002': {'c': counted}}
for kind, ending in (('model', 'safetensors'), ('pytorch_model', 'bin')):
    names = {name.replace('model', kind, 1) + '.' + ending: tensors for name, tensors in shards.items()}
    for name, tensors in names.items():
        (save_file if ending == 'safetensors' else torch.save)(tensors, os.path.join(here, 'sharded', name))
    index = {
        'metadata': {'total_size': 68},
        'weight_map': {tensor: name for name, tensors in names.items() for tensor in tensors},
    }
    with open(os.path.join(here, 'sharded', f'{kind}.{ending}.index.json'), 'w') as file:
        json.dump(index, file, indent=2)
        file.write('\n')

# files that must be refused: a whole module, code, TorchScript
save('module.pt', nn.Linear(2, 1))


class Evil:
    def __reduce__(self):
        return (os.system, ('echo executed',))


save('evil.pt', {'w': counted, 'x': Evil()})
torch.jit.script(nn.Linear(2, 1)).save(os.path.join(here, 'script.pt'))

# values of Python, in each protocol
value = {
    'none': None,
    'bools': [True, False],
    'ints': (0, 255, 256, 65535, 65536, -1, -(2**31), 2**31, 2**40, -(2**40), 2**70, -(2**70)),
    'float': -0.1,
    'text': 'grün ☃ 𝄞',
    'bytes': b'\x00\xff',
    'tuples': ((), (1,), (1, 2), (1, 2, 3)),
    'set': {7},
    'long': 'x' * 300,
    'ordered': OrderedDict(a=1),
}
value['shared'] = value['bools']
for protocol in (0, 2, 3, 4, 5):
    with open(os.path.join(here, 'values', f'protocol{protocol}.pkl'), 'wb') as file:
        pickle.dump(value, file, protocol=protocol)
