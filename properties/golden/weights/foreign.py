"""
Writes foreign.tar.gz with PyTorch: OMP_NUM_THREADS=1 python3 foreign.py (PyTorch 2.6, NumPy 2.2, Python 3.13).

For each kind of object beside the weights, of odd names, and of checkpoint it has files of the pickle protocols 2 to 5,
as zip archives and of the format before PyTorch 1.6: `kind-p2-zip.pt`. `foreign.test.ts` reads each, or expects its error.
"""
import argparse
import array
import collections
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gzip
import io
import os
import pathlib
import sys
import tarfile
import types
import uuid
import zoneinfo
import numpy
import torch
import torch.nn as nn

here = os.path.dirname(os.path.abspath(__file__))
w = torch.arange(4, dtype=torch.float32).reshape(2, 2)


def imitated(name, base=object, **methods):
    """A class of a package that is not installed: only its name and its state are in a file."""
    module, _, own = name.rpartition('.')
    parts = module.split('.')
    for i in range(len(parts)):
        sys.modules.setdefault('.'.join(parts[: i + 1]), types.ModuleType('.'.join(parts[: i + 1])))
    made = type(own, (base,), {'__module__': module, **methods})
    setattr(sys.modules[module], own, made)
    return made


class Config:
    def __init__(self, **fields):
        self.__dict__.update(fields)


class Size(enum.Enum):
    SMALL = 1


@dataclasses.dataclass
class Flags:
    lr: float


class Evil:
    def __reduce__(self):
        return (os.system, ('echo executed',))


class Schedule:
    def linear(self):
        return 0


def warmup(step):
    return step


# objects beside the weights
structured = numpy.array([(1, 2.5)], dtype=[('id', 'i4'), ('loss', 'f8')])
generator = numpy.random.default_rng(7)
Callback = imitated('pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint')
Attributes1 = imitated('pytorch_lightning.utilities.parsing.AttributeDict', dict)
Attributes2 = imitated('lightning.fabric.utilities.data.AttributeDict', dict)
Node = imitated('omegaconf.dictconfig.DictConfig')
settings = Node()
part = Node()
settings.__dict__.update(_content={'lr': 0.001, 'model': part}, _parent=None)
part.__dict__.update(_content={'size': 64}, _parent=settings)
callback = {'monitor': 'loss', 'best_model_score': torch.tensor(0.5), 'best_model_path': 'a/b.ckpt', 'best_k_models': {'a/b.ckpt': torch.tensor(0.5)}}
beside = {
    'namespace': argparse.Namespace(lr=0.001, sizes=[64, 64], cfg=argparse.Namespace(name='first')),
    'simple-namespace': types.SimpleNamespace(lr=0.001),
    'namespace-of-tensors': argparse.Namespace(mean=torch.tensor([0.5])),
    'numpy-scalars': [numpy.float64(0.5), numpy.float32(0.5), numpy.int64(3), numpy.bool_(True), numpy.str_('a'), numpy.complex64(1j), numpy.datetime64('2026-01-01')],
    'numpy-arrays': [numpy.arange(3.0), numpy.zeros((2, 2), order='F'), numpy.array(['a', 'bc']), numpy.array([None, 'x'], dtype=object), structured, numpy.zeros(0), numpy.arange(6)[::2], numpy.ma.masked_array([1, 2], [0, 1])],
    'numpy-dtypes': [numpy.dtype('float32'), structured.dtype, numpy.float16, numpy.dtype('>i4'), type(numpy.dtype('int8'))],
    'numpy-generators': [numpy.random.RandomState(7), generator, generator.bit_generator, numpy.random.RandomState(7).get_state()],
    'defaultdict': collections.defaultdict(list, a=[1]),
    'defaultdict-of-tensors': collections.defaultdict(dict, a={'m': torch.tensor([0.5])}),
    'deque': collections.deque([1, torch.tensor([0.5])], maxlen=5),
    'collections': [collections.Counter('aab'), collections.OrderedDict(a=1), collections.ChainMap({'a': 1}), collections.UserDict(a=1), collections.UserList([1])],
    'paths': [pathlib.Path('a/b'), pathlib.PurePosixPath('/c'), pathlib.PureWindowsPath('d')],
    'sets': [{1, 'a'}, frozenset({2}), set(), frozenset()],
    'set-of-tensors': {torch.tensor([0.5])},
    'complex': [1 + 2j, complex('nan')],
    'bytes': [b'', b'\x00\xff', bytearray(b'abc'), bytearray(), array.array('d', [1.0])],
    'slices': [slice(0, 3), slice(None), range(0, 9, 2), ..., NotImplemented, type(None), type(...)],
    'functions': [len, torch.relu, nn.functional.silu, warmup, numpy.mean, os.path.join],
    'classes': [dict, nn.Linear, Config, torch.optim.Adam, ValueError],
    'methods': [Schedule.linear, torch.optim.lr_scheduler.OneCycleLR._annealing_cos, [].append, Attributes1().keys, dict.fromkeys],
    'partial': functools.partial(warmup, step=3),
    'torch-objects': [torch.Size([2, 3]), torch.device('cuda', 0), torch.float16, torch.complex64, torch.strided, torch.channels_last, torch.per_tensor_affine],
    'dates': [datetime.datetime(2026, 1, 2, 3), datetime.date(2026, 1, 2), datetime.time(3), datetime.timedelta(1), datetime.timezone.utc, datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))), datetime.datetime(2026, 1, 2, tzinfo=zoneinfo.ZoneInfo('Europe/Berlin'))],
    'numbers': [decimal.Decimal('0.1'), fractions.Fraction(1, 3), 2**70, float('inf'), float('nan'), True, None],
    'uuid': uuid.UUID(int=7),
    'omegaconf': settings,
}
lightning = {
    'epoch': 3,
    'global_step': 100,
    'pytorch-lightning_version': '1.9.5',
    'state_dict': collections.OrderedDict(w=w),
    'optimizer_states': [],
    'lr_schedulers': [{'milestones': collections.Counter({80: 1}), '_last_lr': [numpy.float64(0.1)]}],
    'hparams_name': 'hparams',
}
checkpoints = {
    'lightning1': {**lightning, 'callbacks': {Callback: callback}, 'hyper_parameters': Attributes1(lr=0.001, cfg=argparse.Namespace(a=1))},
    'lightning2': {**lightning, 'pytorch-lightning_version': '2.4.0', 'callbacks': {"ModelCheckpoint{'monitor': 'loss'}": callback}, 'hyper_parameters': Attributes2(lr=0.001), 'loops': {'fit_loop': {'state_dict': {}, 'epoch_progress': {'total': {'ready': 3}}}}},
}

# tensors
numbers = torch.arange(4) * 0.75 - 2
shared = torch.arange(12, dtype=torch.float32).reshape(3, 4)
tagged = torch.tensor([0.5])
tagged.note = 'first'
network = nn.Sequential(collections.OrderedDict(first=nn.Linear(2, 2), norm=nn.BatchNorm1d(2)))
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1e-3, total_steps=10)
network(shared[:, :2]).sum().backward()
optimizer.step()
with torch.no_grad():
    for i, parameter in enumerate(network.parameters()):
        parameter.copy_((torch.arange(parameter.numel()) * 0.75 - 2).reshape(parameter.shape) + i)
average = copy.deepcopy(network)
with torch.no_grad():
    for parameter in average.parameters():
        parameter.mul_(2)
state = network.state_dict()
checkpoints.update(
    {
        'dtypes': {str(dtype)[6:]: numbers.to(dtype) for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64)},
        'views': {'whole': shared, 'transposed': shared.t(), 'column': shared[:, 1], 'reversed_rows': shared.flip(0), 'every_second': shared[::2, 1::2], 'repeated': shared[0, 1].expand(3)},
        'shared': {'first': w, 'again': w, 'parameter': nn.Parameter(w), 'buffer': nn.Buffer(w) if hasattr(nn, 'Buffer') else w, 'half': w[1]},
        'attributes': {'w': tagged},
        'module': {f'module.{name}': value for name, value in state.items()},
        'orig-mod': {f'_orig_mod.{name}': value for name, value in state.items()},
        'module-orig-mod': {'model': {f'module._orig_mod.{name}': value for name, value in state.items()}},
        'trainer': {
            'model': state,
            'ema': average.state_dict(),
            'optimizer': optimizer.state_dict(),
            'scheduler': scheduler.state_dict(),
            'scaler': {'scale': 65536.0, '_growth_tracker': 0},
            'rng': torch.arange(8, dtype=torch.uint8),
            'args': argparse.Namespace(lr=0.001, out=pathlib.Path('runs')),
            'step': numpy.int64(3),
            'best': numpy.float64(0.25),
        },
        'list': [w, {'a': w}],
        'tensor': w,
    }
)

# names
checkpoints.update(
    {
        'name-empty': {'': w, 'tensor': w + 1},
        'name-empty-within': {'a': {'': w, 'b': w + 1}, '': {'b': w + 2}},
        'name-tuples': {('conv', 0): w, ('conv', 1): w + 1, (0,): w + 2, (('a', None), True): w + 3},
        'name-integers': {0: w, 1: w + 1},
        'name-integer-and-text': {0: w, '0': w + 1},
        'name-none-and-text': {None: w, 'None': w + 1, True: w + 2, 'True': w + 3, 0.5: w + 4, '0.5': w + 5},
        'name-objects': {pathlib.PurePosixPath('a'): w, pathlib.PurePosixPath('b'): w + 1, torch.float32: w + 2, b'a': w + 3, b'b': w + 4, frozenset({1}): w + 5},
        'name-dots': {'a.b': w, 'a': {'c': w + 1}},
        'name-twice': {'a.b': w, 'a': {'b': w + 1}},
    }
)

# what is refused
parent = {'epoch': 3, 'model': {'w': w, 'b': w[0]}}
checkpoints.update(
    {
        'refused-class': {**parent, 'config': Config(lr=0.001)},
        'refused-dataclass': {**parent, 'config': Flags(lr=0.001)},
        'refused-enum': {**parent, 'size': Size.SMALL},
        'refused-averages': {'state': {**parent, 'config': Config(lr=0.001)}},
        'refused-flat': {'w': w, 'b': w[0], 'config': Config(lr=0.001)},
        'refused-module': nn.Linear(2, 1),
        'refused-module-within': {'epoch': 3, 'net': nn.Linear(2, 1)},
        'refused-trainer': Config(model={'w': w}, lr=0.001),
        'refused-evil': {**parent, 'config': Config(lr=0.001), 'x': Evil()},
        'refused-sparse': {**parent, 'sparse': w.to_sparse()},
        'refused-complex': {**parent, 'complex': w.to(torch.complex64)},
        'refused-float8': {**parent, 'float8': w.to(torch.float8_e4m3fn)},
    }
)
checkpoints.update({f'beside-{name}': {'model': {'w': w}, 'other': value} for name, value in beside.items()})


def saved(value, protocol, is_zip):
    file = io.BytesIO()
    torch.save(value, file, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
    return file.getvalue()


def write(archive, name, data):
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    archive.addfile(entry, io.BytesIO(data))


tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w', format=tarfile.USTAR_FORMAT) as archive:
    for name, value in checkpoints.items():
        for protocol in (2, 3, 4, 5):
            for kind in ('zip', 'legacy'):
                write(archive, f'{name}-p{protocol}-{kind}.pt', saved(value, protocol, kind == 'zip'))
with open(os.path.join(here, 'foreign.tar.gz'), 'wb') as file:
    file.write(gzip.compress(tar.getvalue(), 9, mtime=0))
