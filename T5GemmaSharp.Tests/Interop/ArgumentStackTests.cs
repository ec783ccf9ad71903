using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Interop;

public sealed class ArgumentStackTests
{
    private static StableAbi Abi => StableAbi.Instance ?? throw new InvalidOperationException("This libtorch has no stable C interface.");

    [Test]
    public void CallForTensor_ViewAsDtype_SharesTheBytes()
    {
        using var halves = tensor(new short[] { 0x3F80, -1 }).reshape(2);
        using var arguments = new ArgumentStack(Abi);
        arguments.Add(halves);
        arguments.Add(ScalarType.BFloat16);
        using var viewed = arguments.CallForTensor("aten::view"u8, "dtype"u8);
        halves[1] = tensor((short)0x4000);
        using var wide = viewed.to_type(ScalarType.Float32);
        Assert.That(wide.data<float>().ToArray(), Is.EqualTo(new[] { 1f, 2f }));
    }

    [Test]
    public void Call_ForeachOnTensorLists_ChangesEveryTensor()
    {
        using var scope = NewDisposeScope();
        Tensor[] values = [ones(3), ones(2, 2)];
        Tensor[] factors = [full(3, value: 2f), full(2, 2, value: 3f)];
        using var arguments = new ArgumentStack(Abi);
        arguments.Add(values);
        arguments.Add(factors);
        arguments.Call("aten::_foreach_mul_"u8, "List"u8);
        Assert.That(values.Select(value => value.sum().item<float>()), Is.EqualTo(new[] { 6f, 12f }));
    }

    [Test]
    public void Call_FusedAdamW_TakesTheStepOfTheFormula()
    {
        using var scope = NewDisposeScope();
        const double rate = 0.1, decay = 0.01, eps = 1e-8;
        Tensor[] parameters = [ones(4)], gradients = [full(4, value: 0.5f)], firstMoments = [zeros(4)], secondMoments = [zeros(4)], steps = [tensor(1f)];
        using var arguments = new ArgumentStack(Abi);
        foreach (var list in new[] { parameters, gradients, firstMoments, secondMoments, [], steps })
            arguments.Add(list);
        foreach (var number in new[] { rate, 0.9, 0.999, decay, eps })
            arguments.Add(number);
        arguments.Add(value: false);      // amsgrad
        arguments.Add(value: false);      // maximize
        arguments.AddOptional((Tensor?)null);
        arguments.AddOptional((Tensor?)null);
        arguments.Call("aten::_fused_adamw_"u8);

        // In the first step both corrected moments reduce to the gradient and its square.
        var expected = 1 - rate * decay - rate * 0.5 / (0.5 + eps);
        Assert.That(parameters[0].data<float>().ToArray(), Is.All.EqualTo((float)expected).Within(1e-6f));
    }

    [Test]
    public void CallForTensor_UnknownOperator_NamesIt()
    {
        using var ones = torch.ones(1);
        var exception = Assert.Throws<TorchOperatorException>(() =>
        {
            using var arguments = new ArgumentStack(Abi);
            arguments.Add(ones);
            arguments.CallForTensor("aten::no_such_operator"u8, "out"u8);
        });
        Assert.That(exception.OperatorName, Is.EqualTo("aten::no_such_operator.out"));
        Assert.That(exception.Message, Does.StartWith("aten::no_such_operator.out failed"));
    }

    [Test]
    public void CallForTensor_ArgumentsThatTheOperatorRefuses_RaisesTheNamedException()
    {
        using var left = ones(2, 3);
        using var right = ones(2, 3);
        Assert.Throws<TorchOperatorException>(() =>
        {
            using var arguments = new ArgumentStack(Abi);
            arguments.Add(left);
            arguments.Add(right);
            arguments.CallForTensor("aten::mm"u8);
        });
        Assert.That(left.sum().item<float>(), Is.EqualTo(6f));
    }

    [Test, Platform(Include = "Linux")]
    public void Add_DisposedTensor_FreesWhatWasAddedBefore()
    {
        using var usable = ones(4);
        var disposed = ones(1);
        disposed.Dispose();
        var growth = NativeHeap.GrowthPerCall(() => Assert.Throws<ObjectDisposedException>(() =>
        {
            using var arguments = new ArgumentStack(Abi);
            arguments.Add(usable);
            arguments.AddOptional(usable);
            arguments.AddOptional(1.5);
            arguments.Add([1L, 2L]);
            arguments.Add([usable, disposed]);
        }), callsPerRound: 1_000);
        // The smallest thing that could stay, a handle or a cell, takes 32 bytes.
        Assert.That(growth, Is.LessThan(16));
    }

    [Test]
    public void Add_MoreThanTheCapacity_SaysTheLimit()
        => Assert.That(() =>
        {
            using var arguments = new ArgumentStack(Abi);
            for (var index = 0; index < 100; index++)
                arguments.Add(1L);
        }, Throws.InvalidOperationException.With.Message.Contains("24"));
}
