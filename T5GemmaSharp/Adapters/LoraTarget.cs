using TorchSharp.Modules;

namespace T5GemmaSharp.Adapters;

/// <summary>A linear layer that gets a change of low rank.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Linear">The layer.</param>
/// <param name="Rank">Rank of the change.</param>
/// <param name="Scale">Factor of the change.</param>
internal sealed record LoraTarget(string Name, Linear Linear, int Rank, double Scale);
