using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Tasks;

/// <summary>A task to which something happens after the backward pass of one micro-batch, which is known by its seed.</summary>
internal sealed class AlteredTask(ITrainingTask task, ulong seedOfTheAltered, Action<nn.Module> alter) : ITrainingTask
{
    public nn.Module Model => task.Model;

    public int CountOf(int epoch) => task.CountOf(epoch);

    public ExampleLength LengthOf(int epoch, int index) => task.LengthOf(epoch, index);

    public IMicroBatch Prepare(int epoch, IReadOnlyList<int> indices) => task.Prepare(epoch, indices);

    public Tensor Backward(IMicroBatch batch, ulong seed)
    {
        var loss = task.Backward(batch, seed);
        if (seed == seedOfTheAltered)
            alter(Model);
        return loss;
    }
}
