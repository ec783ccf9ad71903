using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>
/// Gradients on their way to autograd, which takes them only after the function that computed them has returned. On libtorch's thread no dispose scope of the caller applies, so
/// they are freed when the thread computes the next ones; else they would wait for the garbage collector, which does not see a device's memory.
/// </summary>
internal static class GivenGradients
{
    [ThreadStatic]
    private static List<Tensor>? _last;

    /// <summary>Computes gradients, keeping faults for the caller of the backward pass.</summary>
    /// <param name="count">How many arguments the forward function had.</param>
    /// <param name="incoming">Gradients of its results; they are freed.</param>
    /// <param name="compute">Gives the gradients of the first arguments, in a dispose scope of its own.</param>
    public static List<Tensor> Compute(int count, IReadOnlyList<Tensor> incoming, Func<Tensor[]> compute)
    {
        _last?.ForEach(gradient => gradient.Dispose());
        _last = null;
        var all = new List<Tensor>(new Tensor[count]);
        try
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            _last = [.. compute().Select(gradient => gradient.DetachFromDisposeScope())];
            for (var index = 0; index < _last.Count; index++)
                all[index] = _last[index];
        }
#pragma warning disable CA1031 // an exception that passes through libtorch ends the process
        catch (Exception fault)
#pragma warning restore CA1031
        {
            BackwardFault.Keep(fault);
        }
        finally
        {
            foreach (var gradient in incoming)
                gradient.Dispose();
        }
        return all;
    }
}
