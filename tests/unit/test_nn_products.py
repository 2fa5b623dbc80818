"""Products by oneDNN agree with torch's, and are left to torch where they do not belong."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional as F

from matdata.nn import Linear, linear
from matdata.nn.cpu import onednn_linear

N, K, M = 200, 320, 288  # more than WORTH_IT multiplications; N is none of the rounded numbers


@pytest.fixture
def calls():
    """oneDNN on whatever processor this is; shapes of the products that it made."""
    product = onednn_linear.onednn_product()
    if product is None:
        pytest.skip("this build of torch has no oneDNN")
    shapes = []

    def counted(rows, weight, bias):
        shapes.append((*rows.shape, len(weight)))
        return product(rows, weight, bias)

    with onednn_linear.products_by(counted):
        yield shapes


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def gradients(function, *inputs):
    inputs = [value.clone().requires_grad_() for value in inputs]
    out = function(*inputs)
    weigh = draw(*out.shape)
    return out.detach(), *torch.autograd.grad((out * weigh).sum(), inputs)


def near(found, wanted, by=2e-6):
    return all((a - b).norm() <= by * b.norm() for a, b in zip(found, wanted, strict=True))


@pytest.mark.parametrize("shape", [(N, K), (8, 25, K)])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_torch(calls, shape, bias):
    given = draw(*shape), draw(M, K), *([draw(M)] if bias else [])
    assert near(gradients(linear, *given), gradients(F.linear, *given))
    assert len(calls) == 3, "the output and the gradients of rows and matrix"


def test_rows_come_to_onednn_in_few_sizes(calls):
    weight = draw(M, K)
    for count in (192, *range(193, 240), 240):
        rows = draw(count, K)
        given = rows, weight
        assert near(gradients(linear, *given), gradients(F.linear, *given))
    sizes = {size for call in calls for size in call} - {K, M}
    assert len(sizes) <= 4, "code is written for each size: there must be few"


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(draw(N, 2 * K)[:, :K], id="slice of columns"),
        pytest.param(draw(2 * N, K)[::2], id="every second row"),
        pytest.param(draw(N, 2 * K)[:, ::2], id="every second column"),
        pytest.param(draw(K, N).T, id="transposed"),
        pytest.param(draw(1, K).expand(N, K), id="one row again and again"),
        pytest.param(draw(N, 1).expand(N, K), id="one number a row"),
    ],
)
def test_any_layout_of_the_rows(calls, rows):
    weight = draw(M, K)
    assert near([linear(rows, weight)], [F.linear(rows, weight)])
    assert near([linear(draw(M, K), rows)], [F.linear(draw(M, K), rows)])
    assert len(calls) == 2


@pytest.mark.parametrize("count", [192, N])
@pytest.mark.parametrize("shape", [(K, M), (M, K)])
def test_outputs_may_be_changed_in_place(calls, count, shape):
    rows, weight = draw(count, shape[0]), draw(*shape[::-1]).requires_grad_()
    (found,) = torch.autograd.grad(torch.relu_(linear(rows, weight)).sum(), weight)
    (wanted,) = torch.autograd.grad(torch.relu(F.linear(rows, weight)).sum(), weight)
    assert near([found], [wanted])
    assert len(calls) == 2


@pytest.mark.parametrize("bias", [draw(M, 2)[:, 0], draw(1).expand(M)], ids=["strided", "expanded"])
def test_any_layout_of_the_bias(calls, bias):
    rows, weight = draw(N, K), draw(M, K)
    assert near([linear(rows, weight, bias)], [F.linear(rows, weight, bias)])
    assert len(calls) == 1


def test_what_torch_alone_takes_or_refuses_is_left_to_it(calls):
    rows, weight = draw(N, K), draw(M, K)
    assert torch.equal(linear(rows, weight, draw(1)), F.linear(rows, weight, draw(1)))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        linear(rows, weight.T)
    with pytest.raises(RuntimeError, match="dtype"):
        linear(rows, weight.double())
    assert not calls


@pytest.mark.slow
def test_compiled_networks_are_one_graph(calls):
    network = torch.nn.Sequential(Linear(K, M), torch.nn.ReLU(), Linear(M, K))
    rows = draw(N, K)
    compiled = torch.compile(network, fullgraph=True, backend="eager")
    assert near([compiled(rows)], [network(rows)])
    assert len(calls) == 2, "those of the network that is not compiled"


def test_gradients_of_gradients(calls):
    def second(function):
        rows, weight = draw(N, K).requires_grad_(), draw(M, K).requires_grad_()
        out = function(rows, weight).pow(3).sum()
        (first,) = torch.autograd.grad(out, rows, create_graph=True)
        return torch.autograd.grad(first.square().sum(), (rows, weight))

    assert near(second(linear), second(F.linear))
    assert len(calls) > 3


def test_a_stack_of_members_is_mapped(calls):
    weights, biases, rows = draw(3, M, K), draw(3, M), draw(N, K)

    def mapped(weights, biases, rows):
        return torch.vmap(linear, in_dims=(None, 0, 0))(rows, weights, biases)

    def one_by_one(weights, biases, rows):
        return torch.stack([F.linear(rows, w, b) for w, b in zip(weights, biases, strict=True)])

    given = weights, biases, rows
    assert near(gradients(mapped, *given), gradients(one_by_one, *given))
    assert len(calls) == 9


def test_the_same_bytes_each_time(calls):
    rows, weight = draw(N, K), draw(M, K)
    assert torch.equal(linear(rows, weight), linear(rows, weight))
    assert len(calls) == 2


@pytest.mark.filterwarnings("ignore:TF32")
def test_what_does_not_belong_there_is_left_to_torch(calls):
    rows, weight = draw(N, K), draw(M, K)
    for a, b in ((rows.double(), weight.double()), (rows[:2], weight), (rows[:0], weight)):
        assert torch.equal(linear(a, b), F.linear(a, b))
    with onednn_linear.products_by(None):
        assert torch.equal(linear(rows, weight), F.linear(rows, weight))
    with torch.backends.mkldnn.flags(enabled=False):
        linear(rows, weight)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(rows, weight).dtype is torch.bfloat16
    assert not calls


def test_a_layer_is_torchs_layer_with_other_products(calls):
    torch.manual_seed(0)
    ours = Linear(K, M)
    torch.manual_seed(0)
    theirs = torch.nn.Linear(K, M)
    assert all(torch.equal(ours.state_dict()[k], v) for k, v in theirs.state_dict().items())
    rows = draw(N, K)
    assert near([ours(rows)], [theirs(rows)])
    assert len(calls) == 1


@pytest.mark.parametrize("vendor", ["AuthenticAMD", "GenuineIntel"])
def test_the_vendor_is_read_from_what_linux_says(tmp_path, vendor):
    file = tmp_path / "cpuinfo"
    file.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nmodel name\t: X\n")
    assert onednn_linear.processor_vendor(file) == vendor


@pytest.mark.parametrize(
    ("vendor", "capability", "chosen"),
    [
        ("AuthenticAMD", "AVX512", True),
        ("AuthenticAMD", "AVX2", False),
        ("GenuineIntel", "AVX512", False),
        ("", "AVX512", False),
    ],
)
def test_onednn_is_for_amd_with_avx512(vendor, capability, chosen):
    assert onednn_linear.favours_onednn(True, capability, vendor) is chosen
    assert onednn_linear.favours_onednn(False, capability, vendor) is False


def test_a_file_that_names_no_vendor(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nBogoMIPS\t: 50.00\n")
    assert onednn_linear.processor_vendor(tmp_path / "cpuinfo") == ""


def test_the_trial_does_not_depend_on_the_surroundings():
    onednn_linear.onednn_product.cache_clear()
    expected = onednn_linear.onednn_product() is None
    try:
        torch.set_default_dtype(torch.float64)
        onednn_linear.onednn_product.cache_clear()
        assert (onednn_linear.onednn_product() is None) is expected
    finally:
        torch.set_default_dtype(torch.float32)
    onednn_linear.onednn_product.cache_clear()
    with torch.device("meta"):
        assert (onednn_linear.onednn_product() is None) is expected


def operators(product):
    """What `torch.ops.mkldnn` would be with this operator."""
    return SimpleNamespace(_linear_pointwise=SimpleNamespace(default=product))


def no_bias(rows, weight, *_):
    return rows @ weight.T


def other_arguments(rows, weight):
    return rows @ weight.T


@pytest.mark.parametrize("product", [no_bias, other_arguments])
def test_an_operator_that_is_wrong_is_not_used(product):
    assert onednn_linear.onednn_product.__wrapped__(operators(product)) is None


def test_without_the_operator_torch_makes_the_products():
    assert onednn_linear.onednn_product(object()) is None
    rows, weight = draw(N, K), draw(M, K)
    with onednn_linear.products_by(onednn_linear.onednn_product(object())):
        assert torch.equal(linear(rows, weight), F.linear(rows, weight))
