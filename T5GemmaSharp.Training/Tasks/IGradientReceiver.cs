using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>Takes gradients in the course of a backward pass.</summary>
public interface IGradientReceiver
{
    /// <summary>Looks at the loss before the backward pass goes on, called once a pass.</summary>
    /// <param name="loss">The sum of the losses, float32 [].</param>
    /// <returns>False: the pass shall end; no gradient of it is used.</returns>
    bool Accepts(Tensor loss);

    /// <summary>Takes every gradient that is there, which then is there no more.</summary>
    /// <param name="unfinished">A parameter that will get more of its gradient in this pass, and keeps what it has, as the model's <c>parameters()</c> have it; null: none.</param>
    void Take(Parameter? unfinished = null);
}
