using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>
/// Which parameters of a model are trained, by parts of their names: one or more whole words between dots, such as <c>encoder</c>, <c>cross_attn</c> or <c>layers.0.mlp</c>.
/// The others get no gradient and no place in the optimizer.
/// </summary>
public sealed record TrainedParts
{
    private static readonly string[] CrossAttention = ["cross_attn", "pre_cross_attn_layernorm", "post_cross_attn_layernorm"];

    /// <summary>Parts of the names of those that are not trained.</summary>
    public IReadOnlyList<string> Frozen { get; init; } = [];

    /// <summary>Parts of the names of those that are trained, unless <see cref="Frozen"/> has them too; empty: all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>First steps, in which of those that are trained only cross-attention and its norms are. The state of the others begins when they join. Default 0.</summary>
    public int CrossWarmupSteps { get; init; }

    /// <summary>Lets gradients be recorded for the parameters that are trained, and for no other.</summary>
    /// <param name="model">The model.</param>
    /// <returns>Their names and parameters, for an optimizer.</returns>
    /// <exception cref="ArgumentException">A pattern matches no parameter, or none is left to train; the message names the patterns.</exception>
    public IReadOnlyList<(string Name, Parameter Parameter)> Choose(nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var all = model.named_parameters().ToList();
        var useless = Frozen.Concat(Only).Concat(CrossWarmupSteps > 0 ? CrossAttention : []).Where(pattern => !all.Any(item => Has(item.name, pattern))).ToList();
        if (useless.Count > 0)
            throw new ArgumentException($"parameters: expected parts of their names, as in {all[^1].name}; these are in none: {string.Join(", ", useless)}");
        var chosen = all.Where(item => IsTrained(item.name)).ToList();
        if (!chosen.Any(item => CrossWarmupSteps == 0 || IsCrossAttention(item.name)))
            throw new ArgumentException($"parameters: expected some that are trained{(CrossWarmupSteps > 0 ? " in the warm-up" : "")}, none is left by {string.Join(", ", Frozen.Concat(Only))}");
        foreach (var (name, parameter) in all)
            parameter.requires_grad = IsTrained(name);
        return chosen;
    }

    /// <summary>Prepares a step: parameters that a warm-up leaves alone get no gradient while it lasts.</summary>
    /// <param name="model">The model that <see cref="Choose"/> was called with.</param>
    /// <param name="step">The step, from 0.</param>
    internal void Enter(nn.Module model, int step)
    {
        if (step > CrossWarmupSteps || CrossWarmupSteps == 0)
            return;
        foreach (var (name, parameter) in model.named_parameters())
            parameter.requires_grad = IsTrained(name) && (step == CrossWarmupSteps || IsCrossAttention(name));
    }

    private static bool IsCrossAttention(string name) => CrossAttention.Any(part => Has(name, part));

    private static bool Has(string name, string part) => $".{name}.".Contains($".{part}.", StringComparison.Ordinal);

    private bool IsTrained(string name) => (Only.Count == 0 || Only.Any(part => Has(name, part))) && !Frozen.Any(part => Has(name, part));
}
