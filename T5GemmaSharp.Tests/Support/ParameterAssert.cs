using NUnit.Framework;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>Compares the parameters of models bit for bit.</summary>
internal static class ParameterAssert
{
    /// <summary>Demands the same names, dtypes, shapes and bits.</summary>
    public static void Equal(nn.Module actual, nn.Module expected)
    {
        var (left, right) = (Parameters(actual), Parameters(expected));
        Assert.That(left.Keys, Is.EquivalentTo(right.Keys));
        foreach (var (name, parameter) in left)
            Equal(parameter, right[name], name);
    }

    /// <summary>Demands that the parameters that both have under some names agree; returns how many were compared.</summary>
    /// <param name="actual">The model to check.</param>
    /// <param name="expected">The other model.</param>
    /// <param name="nameOf">Maps a name in the checked model to the other's.</param>
    public static int EqualWhereShared(nn.Module actual, nn.Module expected, Func<string, string> nameOf)
    {
        var right = Parameters(expected);
        var compared = 0;
        foreach (var (name, parameter) in Parameters(actual))
        {
            if (!right.TryGetValue(nameOf(name), out var other))
                continue;
            Equal(parameter, other, name);
            compared++;
        }
        return compared;
    }

    /// <summary>Demands the same dtype, shape and bits.</summary>
    public static void Equal(Tensor actual, Tensor expected, string name)
    {
        Assert.That(actual.dtype, Is.EqualTo(expected.dtype), $"{name}: dtype");
        Assert.That(actual.shape, Is.EqualTo(expected.shape), $"{name}: shape");
        Assert.That(actual.bytes.SequenceEqual(expected.bytes), Is.True, $"{name}: values");
    }

    /// <summary>The parameters by name.</summary>
    public static Dictionary<string, Tensor> Parameters(nn.Module model) =>
        model.named_parameters().ToDictionary(pair => pair.name, Tensor (pair) => pair.parameter, StringComparer.Ordinal);
}
