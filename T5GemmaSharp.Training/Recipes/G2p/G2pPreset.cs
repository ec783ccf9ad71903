using T5GemmaSharp.Training.Losses;

namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>Sizes and settings that belong together.</summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Model">Sizes of the model.</param>
/// <param name="Training">Settings of the trainer.</param>
/// <param name="Loss">Settings of the loss.</param>
public sealed record G2pPreset(string Name, G2pModelOptions Model, TrainingOptions Training, TokenLossOptions Loss);
